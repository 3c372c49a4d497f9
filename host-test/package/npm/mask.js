// Masks tokens in text that arrives in pieces. The rule is the one of `host-test/egress-rule`, and
// both are tested with the same cases.

/** The shortest token that can be masked. A shorter one occurs in ordinary text. */
export const MINIMUM_TOKEN = 8;

/** The most bytes that wait for the end of a token. */
const MAX_HELD = 64 * 1024;

const [ASTERISK, BACKSLASH, PERCENT, SPACE] = [0x2a, 0x5c, 0x25, 0x20];

/**
 * A decoded character and the bytes that spell it. Without a `letter`, it is neither visible ASCII
 * nor the space: the component may drop it, and a token must not appear by that.
 * @typedef {{ letter: number | undefined, start: number, end: number }} Unit
 */

/** @param {number} code */
const letterOf = (code) => (code >= SPACE && code < 0x7f ? code : undefined);

/**
 * Returns the value of a hexadecimal digit.
 * @param {number | undefined} digit
 */
function hex(digit) {
  const text = digit === undefined ? "" : String.fromCharCode(digit);
  return /^[0-9a-fA-F]$/.test(text) ? parseInt(text, 16) : undefined;
}

/** The escapes of JSON for characters that are in a token, and for those that are not. */
const KEPT = new Set([..."\"\\/"].map((escape) => escape.charCodeAt(0)));
const DROPPED = new Set([..."bfnrt"].map((escape) => escape.charCodeAt(0)));

/** Undoes the escapes of JSON texts. */
class Unescape {
  /** @type {number[]} */
  begun = [];
  start = 0;

  /**
   * @param {number} byte
   * @param {number} at
   * @param {(unit: Unit) => void} next
   */
  take(byte, at, next) {
    const { begun } = this;
    /** @param {number | undefined} letter */
    const complete = (letter) => {
      this.begun = [];
      next({ letter, start: this.start, end: at + 1 });
    };
    if (begun.length === 0) {
      if (byte !== BACKSLASH) {
        next({ letter: letterOf(byte), start: at, end: at + 1 });
        return;
      }
      this.start = at;
      begun.push(byte);
    } else if (begun.length === 1 && byte === 0x75) {
      begun.push(byte);
    } else if (begun.length === 1 && KEPT.has(byte)) {
      complete(byte);
    } else if (begun.length === 1 && DROPPED.has(byte)) {
      complete(undefined);
    } else if (begun.length > 1 && hex(byte) !== undefined) {
      begun.push(byte);
      if (begun.length === 6) {
        complete(letterOf(parseInt(String.fromCharCode(...begun.slice(2)), 16)));
      }
    } else {
      // It is no escape after all.
      this.giveUp(next);
      this.take(byte, at, next);
    }
  }

  /** @param {(unit: Unit) => void} next */
  giveUp(next) {
    const begun = this.begun;
    this.begun = [];
    begun.forEach((byte, place) => {
      const start = this.start + place;
      next({ letter: letterOf(byte), start, end: start + 1 });
    });
  }
}

/** Undoes percent-encoding. */
class PercentDecode {
  /** @type {Unit[]} */
  begun = [];

  /**
   * @param {Unit} unit
   * @param {(unit: Unit) => void} next
   */
  take(unit, next) {
    const [first, high] = this.begun;
    const digit = hex(unit.letter);
    if (first === undefined) {
      if (unit.letter === PERCENT) {
        this.begun.push(unit);
      } else {
        next(unit);
      }
    } else if (digit === undefined) {
      this.giveUp(next);
      this.take(unit, next);
    } else if (high === undefined) {
      this.begun.push(unit);
    } else {
      this.begun = [];
      const code = (hex(high.letter) ?? 0) * 16 + digit;
      next({ letter: letterOf(code), start: first.start, end: unit.end });
    }
  }

  /** @param {(unit: Unit) => void} next */
  giveUp(next) {
    const begun = this.begun;
    this.begun = [];
    begun.forEach(next);
  }
}

/** A token with Knuth, Morris and Pratt's table. */
class Token {
  /** @param {string} text */
  constructor(text) {
    this.text = new TextEncoder().encode(text);
    /** @type {number[]} */
    this.back = [];
    let matched = 0;
    this.text.forEach((letter, at) => {
      matched = at === 0 ? 0 : this.after(matched, letter);
      this.back.push(matched);
    });
  }

  /**
   * Returns how many letters match after this one, if `matched` did before it.
   * @param {number} matched
   * @param {number} letter
   */
  after(matched, letter) {
    for (;;) {
      if (this.text[matched] === letter) {
        return matched + 1;
      }
      if (matched === 0) {
        return 0;
      }
      matched = this.back[matched - 1] ?? 0;
    }
  }
}

/** A search for the tokens in one reading of the text. */
class Search {
  /** @type {number[]} */
  recent = [];

  /** @param {Token[]} tokens */
  constructor(tokens) {
    this.tokens = tokens;
    this.longest = Math.max(0, ...tokens.map((token) => token.text.length));
    this.matched = tokens.map(() => 0);
  }

  /**
   * Takes a letter. Returns where the longest token begins that ends with it.
   * @param {number} letter
   * @param {number} start
   */
  take(letter, start) {
    this.recent.push(start);
    if (this.recent.length > this.longest) {
      this.recent.shift();
    }
    this.matched = this.tokens.map((token, at) => token.after(this.matched[at] ?? 0, letter));
    const found = this.matched.filter((matched, at) => matched === this.tokens[at]?.text.length);
    return found.length > 0 ? this.recent.at(-Math.max(...found)) : undefined;
  }

  /** Returns where the beginning of a token starts with which the text ends. */
  begun() {
    const longest = Math.max(0, ...this.matched);
    return longest > 0 ? this.recent.at(-longest) : undefined;
  }
}

/** Masks tokens in one text. Its bytes become asterisks, one for one. */
export class Mask {
  #held = new Uint8Array();
  #base = 0;
  #unescape = new Unescape();
  #percent = new PercentDecode();
  #searches;
  #place;

  /**
   * @param {string[]} tokens
   * @param {"body" | "header"} place
   */
  constructor(tokens, place) {
    const all = tokens.map((token) => new Token(token));
    this.#place = place;
    this.#searches = [0, 1, 2].map(() => new Search(all));
  }

  /**
   * Takes a piece, and returns the masked text that no later piece can change.
   * @param {Uint8Array} piece
   */
  take(piece) {
    let at = this.#base + this.#held.length;
    const held = new Uint8Array(this.#held.length + piece.length);
    held.set(this.#held);
    held.set(piece, this.#held.length);
    this.#held = held;
    for (const byte of piece) {
      this.#search(0, { letter: letterOf(byte), start: at, end: at + 1 });
      this.#unescape.take(byte, at, this.#unescaped);
      at += 1;
    }
    return this.#passOn(this.#certain(at));
  }

  /** Returns the rest. */
  finish() {
    this.#unescape.giveUp(this.#unescaped);
    this.#percent.giveUp(this.#decoded);
    return this.#passOn(this.#base + this.#held.length);
  }

  /**
   * Masks a whole text.
   * @param {Uint8Array} text
   */
  whole(text) {
    return Buffer.concat([this.take(text), this.finish()]);
  }

  /** @param {Unit} unit */
  #unescaped = (unit) => {
    this.#search(1, unit);
    if (unit.letter !== undefined) {
      this.#percent.take(unit, this.#decoded);
    }
  };

  /** @param {Unit} unit */
  #decoded = (unit) => this.#search(2, unit);

  /**
   * @param {number} reading
   * @param {Unit} unit
   */
  #search(reading, { letter, start, end }) {
    if (letter === undefined || (letter === SPACE && this.#place === "header")) {
      return;
    }
    const from = this.#searches[reading]?.take(letter, start);
    if (from !== undefined) {
      this.#held.fill(ASTERISK, Math.max(from - this.#base, 0), end - this.#base);
    }
  }

  /**
   * Returns the offset up to which no later piece can change anything.
   * @param {number} end
   */
  #certain(end) {
    const escape = this.#unescape.begun.length > 0 ? this.#unescape.start : end;
    const percent = this.#percent.begun[0]?.start ?? end;
    const begun = this.#searches.map((search) => search.begun() ?? end);
    const certain = Math.min(escape, percent, ...begun);
    if (end - certain <= MAX_HELD) {
      // It may have begun in text that is passed on already.
      return Math.max(certain, this.#base);
    }
    // Stretched with invisible characters, what is there is masked before its end. The searches go
    // on, so that the rest is masked too.
    this.#held.fill(ASTERISK, Math.max(certain - this.#base, 0));
    return end;
  }

  /** @param {number} end */
  #passOn(end) {
    const count = end - this.#base;
    const text = this.#held.slice(0, count);
    this.#held = this.#held.slice(count);
    this.#base = end;
    return text;
  }
}
