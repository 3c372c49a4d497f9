//! The text form of faults.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Chance, Fault, FaultKind};
use crate::throttling::Throttling;

/// The reason why a text is not a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultSyntax(String);

impl fmt::Display for FaultSyntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultSyntax {}

/// Reads `[METHOD] [PATH] KIND [skip=N] [times=N] [chance=P [seed=N]] [retry-after=TEXT]`, such
/// as `POST /api/v1/users 429 chance=0.1 seed=7 retry-after=2`.
///
/// The method is in capitals, the path begins with a slash, and `chance` is 0 to 1 with at most
/// three decimals. `retry-after` is only allowed with a status. It comes last and takes the rest of
/// the text, which may be a date. The kinds are:
///
/// | text | kind |
/// | --- | --- |
/// | `429` | [`FaultKind::Status`] |
/// | `throttle=429/GUIDANCE/SECONDS` | [`FaultKind::Throttled`]; the [guidance](crate::Guidance) by its name, such as `reset-epoch` |
/// | `forbidden=REASON` | [`FaultKind::Forbidden`]; the [reason](crate::Forbidden) by its name, such as `seats` |
/// | `after=502` | [`FaultKind::StatusAfter`] |
/// | `lose-reply`, `reset`, `reset-in-body`, `truncate` | the kinds with the same names |
/// | `delay=MS` | [`FaultKind::Delay`] |
/// | `silence`, `stall` | the kinds with the same names |
/// | `drip=BYTES/MS` | [`FaultKind::Drip`]: bytes in a piece, and milliseconds between two pieces |
/// | `page=403` | [`FaultKind::Page`] |
/// | `content-type=TYPE`, `html`, `invalid-json`, `deep-json=DEPTH`, `huge-body=BYTES` | the kinds that replace the response or a part of it |
/// | `redirect=URL` | [`FaultKind::Redirect`] |
/// | `repeat-page`, `endless-pages`, `moving-total`, `ignore-filter`, `exact-filter` | the kinds with the same names |
/// | `second-account` | [`FaultKind::SecondAccount`] |
/// | `omit=FIELD`, `omit-in-lists=FIELD` | [`FaultKind::OmitField`], [`FaultKind::OmitInLists`] |
/// | `stale-reads=N`, `stale-for=MS` | the kinds with the same names |
impl FromStr for Fault {
    type Err = FaultSyntax;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (words, retry_after) = match text.split_once("retry-after=") {
            Some((words, rest)) => (words, Some(rest.trim())),
            None => (text, None),
        };
        let mut words = words.split_whitespace().peekable();
        let method = words.next_if(|word| word.bytes().all(|byte| byte.is_ascii_uppercase()));
        let path = words.next_if(|word| word.starts_with('/'));
        let what = words.next().ok_or_else(|| syntax("the kind of fault is missing"))?;
        let mut fault = Fault {
            method: method.map(str::to_owned),
            path: path.map(str::to_owned),
            ..Fault::new(kind(what, retry_after)?)
        };
        let mut seed = None;
        for word in words {
            match word.split_once('=') {
                Some(("skip", n)) => fault.skip = number(word, n)?,
                Some(("times", n)) => fault.times = Some(number(word, n)?),
                Some(("chance", p)) => {
                    fault.chance = Some(Chance { per_mille: per_mille(word, p)?, seed: 0 });
                }
                Some(("seed", n)) => seed = Some(number(word, n)?),
                _ => return Err(syntax(format!("`{word}` is not known after `{what}`"))),
            }
        }
        match (&mut fault.chance, seed) {
            (Some(chance), Some(seed)) => chance.seed = seed,
            (None, Some(_)) => return Err(syntax("a seed has no effect without a chance")),
            _ => {}
        }
        Ok(fault)
    }
}

fn syntax(why: impl Into<String>) -> FaultSyntax {
    FaultSyntax(why.into())
}

fn kind(word: &str, retry_after: Option<&str>) -> Result<FaultKind, FaultSyntax> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    if value.is_none() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        let retry_after = retry_after.map(str::to_owned);
        return Ok(FaultKind::Status { code: status(word, name)?, retry_after, body: None });
    }
    if retry_after.is_some() {
        return Err(syntax(format!("`{word}` is not a status, so it takes no retry-after")));
    }
    let milliseconds = |text| number(word, text).map(Duration::from_millis);
    Ok(match (name, value) {
        ("throttle", Some(value)) => throttled(word, value)?,
        ("forbidden", Some(reason)) => FaultKind::Forbidden(
            reason.parse().map_err(|error| syntax(format!("`{word}`: {error}")))?,
        ),
        ("page", Some(code)) => FaultKind::Page(status(word, code)?),
        ("silence", None) => FaultKind::Silence,
        ("stall", None) => FaultKind::Stall,
        ("after", Some(code)) => FaultKind::StatusAfter(status(word, code)?),
        ("lose-reply", None) => FaultKind::LoseReply,
        ("reset", None) => FaultKind::Reset,
        ("reset-in-body", None) => FaultKind::ResetInBody,
        ("truncate", None) => FaultKind::Truncate,
        ("delay", Some(time)) => FaultKind::Delay(milliseconds(time)?),
        ("drip", Some(pace)) => {
            let (bytes, tick) = pace
                .split_once('/')
                .ok_or_else(|| syntax(format!("`{word}` should be `drip=BYTES/MS`")))?;
            FaultKind::Drip { bytes_per_tick: number(word, bytes)?, tick: milliseconds(tick)? }
        }
        ("content-type", Some(kind)) => FaultKind::ContentType(kind.to_owned()),
        ("html", None) => FaultKind::Html200,
        ("invalid-json", None) => FaultKind::InvalidJson,
        ("deep-json", Some(depth)) => FaultKind::DeepJson(number(word, depth)?),
        ("huge-body", Some(bytes)) => FaultKind::HugeBody(number(word, bytes)?),
        ("redirect", Some(place)) => FaultKind::Redirect(place.to_owned()),
        ("repeat-page", None) => FaultKind::RepeatPage,
        ("endless-pages", None) => FaultKind::EndlessPages,
        ("moving-total", None) => FaultKind::MovingTotal,
        ("ignore-filter", None) => FaultKind::IgnoreFilter,
        ("exact-filter", None) => FaultKind::ExactFilter,
        ("second-account", None) => FaultKind::SecondAccount,
        ("omit", Some(field)) => FaultKind::OmitField(field.to_owned()),
        ("omit-in-lists", Some(field)) => FaultKind::OmitInLists(field.to_owned()),
        ("stale-reads", Some(n)) => FaultKind::StaleReads { requests: number(word, n)? },
        ("stale-for", Some(time)) => FaultKind::StaleFor(milliseconds(time)?),
        _ => return Err(syntax(format!("`{word}` is not a known kind of fault"))),
    })
}

/// Reads `429/reset-epoch/5`.
fn throttled(word: &str, value: &str) -> Result<FaultKind, FaultSyntax> {
    let parts: Vec<&str> = value.split('/').collect();
    let [code, guidance, seconds] = parts[..] else {
        return Err(syntax(format!("`{word}` should be `throttle=STATUS/GUIDANCE/SECONDS`")));
    };
    let guidance = guidance.parse().map_err(|error| syntax(format!("`{word}`: {error}")))?;
    Ok(FaultKind::Throttled {
        throttling: Throttling { status: status(word, code)?, guidance },
        wait: Duration::from_secs(number(word, seconds)?),
    })
}

fn number<T: FromStr>(word: &str, digits: &str) -> Result<T, FaultSyntax> {
    digits.parse().map_err(|_| syntax(format!("the number in `{word}` can't be read")))
}

fn status(word: &str, digits: &str) -> Result<u16, FaultSyntax> {
    number(word, digits)
        .ok()
        .filter(|code| (200..=599).contains(code))
        .ok_or_else(|| syntax(format!("`{word}`: a status is 200 to 599")))
}

fn per_mille(word: &str, text: &str) -> Result<u16, FaultSyntax> {
    text.parse::<f64>()
        .ok()
        .map(|chance| chance * 1000.0)
        // A chance with more decimals is refused. Rounding could make it zero.
        .filter(|mille| (0.0..=1000.0).contains(mille) && (mille - mille.round()).abs() < 1e-6)
        .map(|mille| mille.round() as u16)
        .ok_or_else(|| syntax(format!("`{word}`: a chance is 0 to 1 with at most three decimals")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::faults::{Chance, Fault, FaultKind, Forbidden};
    use crate::throttling::{Guidance, Throttling};

    fn read(text: &str) -> Fault {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_kind_alone_affects_every_request() {
        let kinds = [
            ("429", FaultKind::Status { code: 429, retry_after: None, body: None }),
            (
                "throttle=403/reset-epoch/5",
                FaultKind::Throttled {
                    throttling: Throttling { status: 403, guidance: Guidance::ResetEpoch },
                    wait: Duration::from_secs(5),
                },
            ),
            ("forbidden=last-owner", FaultKind::Forbidden(Forbidden::LastOwner)),
            ("page=403", FaultKind::Page(403)),
            ("silence", FaultKind::Silence),
            ("stall", FaultKind::Stall),
            ("after=502", FaultKind::StatusAfter(502)),
            ("lose-reply", FaultKind::LoseReply),
            ("reset", FaultKind::Reset),
            ("reset-in-body", FaultKind::ResetInBody),
            ("truncate", FaultKind::Truncate),
            ("delay=300", FaultKind::Delay(Duration::from_millis(300))),
            ("drip=8/250", FaultKind::Drip { bytes_per_tick: 8, tick: Duration::from_millis(250) }),
            ("content-type=text/plain", FaultKind::ContentType("text/plain".to_owned())),
            ("html", FaultKind::Html200),
            ("invalid-json", FaultKind::InvalidJson),
            ("deep-json=10000", FaultKind::DeepJson(10_000)),
            ("huge-body=67108864", FaultKind::HugeBody(64 << 20)),
            (
                "redirect=https://elsewhere.example/?a=b",
                FaultKind::Redirect("https://elsewhere.example/?a=b".to_owned()),
            ),
            ("repeat-page", FaultKind::RepeatPage),
            ("endless-pages", FaultKind::EndlessPages),
            ("moving-total", FaultKind::MovingTotal),
            ("ignore-filter", FaultKind::IgnoreFilter),
            ("exact-filter", FaultKind::ExactFilter),
            ("second-account", FaultKind::SecondAccount),
            ("omit=groups", FaultKind::OmitField("groups".to_owned())),
            ("omit-in-lists=isAdmin", FaultKind::OmitInLists("isAdmin".to_owned())),
            ("stale-reads=3", FaultKind::StaleReads { requests: 3 }),
            ("stale-for=1000", FaultKind::StaleFor(Duration::from_secs(1))),
        ];
        for (text, kind) in kinds {
            assert_eq!(read(text), Fault::new(kind), "{text}");
        }
    }

    #[test]
    fn the_other_words_select_the_requests() {
        let expected = Fault {
            method: Some("POST".to_owned()),
            path: Some("/api/v1/users".to_owned()),
            skip: 2,
            times: Some(3),
            chance: Some(Chance { per_mille: 125, seed: 7 }),
            kind: FaultKind::Status {
                code: 429,
                retry_after: Some("Wed, 21 Oct 2026 07:28:00 GMT".to_owned()),
                body: None,
            },
        };
        let text = " POST  /api/v1/users 429 seed=7 chance=0.125 times=3 skip=2 \
                    retry-after=Wed, 21 Oct 2026 07:28:00 GMT";
        assert_eq!(read(text), expected);
        let path = read("/api/v1/groups reset").path;
        assert_eq!(path.as_deref(), Some("/api/v1/groups"));
        assert_eq!(read("PUT reset").method.as_deref(), Some("PUT"));
    }

    #[test]
    fn a_chance_is_read_exactly() {
        for (text, per_mille) in
            [("0", 0), ("1", 1000), ("0.5", 500), (".001", 1), ("0.07", 70), ("1.000", 1000)]
        {
            let chance = read(&format!("reset chance={text}")).chance;
            assert_eq!(chance, Some(Chance { per_mille, seed: 0 }), "{text}");
        }
    }

    #[test]
    fn invalid_text_is_refused_with_a_reason() {
        let refused = [
            ("", "kind of fault"),
            ("POST /api/v1/users", "kind of fault"),
            ("resett", "`resett`"),
            ("reset=1", "`reset=1`"),
            ("drip", "`drip`"),
            ("drip=8", "`drip=BYTES/MS`"),
            ("199", "200 to 599"),
            ("600", "200 to 599"),
            ("after=99999", "200 to 599"),
            ("throttle=429", "`throttle=STATUS/GUIDANCE/SECONDS`"),
            ("throttle=429/soon/5", "reset-epoch"),
            ("throttle=429/nothing/x", "`throttle=429/nothing/x`"),
            ("throttle=1/nothing/5", "200 to 599"),
            ("forbidden=why", "last-owner"),
            ("page=x", "200 to 599"),
            ("deep-json=-1", "`deep-json=-1`"),
            ("reset twice", "`twice`"),
            ("reset times=many", "`times=many`"),
            ("reset chance=1.5", "0 to 1"),
            ("reset chance=-0.5", "0 to 1"),
            ("reset chance=NaN", "0 to 1"),
            ("reset chance=0.0001", "three decimals"),
            ("reset seed=1", "without a chance"),
            ("reset retry-after=1", "not a status"),
            ("reset /api/v1/users", "`/api/v1/users`"),
        ];
        for (text, why) in refused {
            let error = text.parse::<Fault>().expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
