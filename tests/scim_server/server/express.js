// What scimmy-routers uses of Express: routers, and the two sides of an exchange.

const compile = (path, end) => {
    const names = [];
    const pattern = path.replace(/\/$/, "").replace(/\./g, "\\.").replace(/:(\w+)/g, (_, name) => {
        names.push(name);
        return "([^/]+)";
    });
    return { names, regexp: new RegExp(`^${pattern}${end ? "/?$" : "(?=/|$)"}`, "i") };
};

export class Router {
    layers = [];

    use(...args) {
        const path = typeof args[0] === "string" ? args.shift() : "/";
        for (const handler of args) this.layers.push({ ...compile(path, false), handler });
        return this;
    }

    route(method, path, handler) {
        this.layers.push({ ...compile(path, true), method, handler });
        return this;
    }

    // Tries one layer after the other, until one does not go on to the next.
    handle(req, res, out) {
        const layers = this.layers.values();
        const { path, baseUrl, params } = req;
        const next = (error) => {
            Object.assign(req, { path, baseUrl, params });
            for (const { names, regexp, method, handler } of layers) {
                const [prefix, ...values] = regexp.exec(path) ?? [];
                if (prefix === undefined || (method && method !== req.method)) continue;
                const router = handler instanceof Router;
                if (!!error !== (!router && handler.length === 4)) continue;
                if (!method) req.path = path.slice(prefix.length) || "/";
                if (!method) req.baseUrl = baseUrl + prefix;
                const found = names.map((name, at) => [name, decodeURIComponent(values[at])]);
                req.params = { ...params, ...Object.fromEntries(found) };
                if (router) return handler.handle(req, res, next);
                return error ? handler(error, req, res, next) : handler(req, res, next);
            }
            return out(error);
        };
        return next();
    }
}

for (const method of ["get", "post", "put", "patch", "delete"]) {
    Router.prototype[method] = function (path, handler) {
        return this.route(method.toUpperCase(), path, handler);
    };
}

// The body as JSON, where it is of one of these types.
const json = ({ type }) => (req, _, next) => {
    const [given] = (req.header("content-type") ?? "").split(";");
    if (!req.text || !type.includes(given.trim())) return next();
    try {
        req.body = JSON.parse(req.text);
    } catch (error) {
        return next(Object.assign(error, { status: 400 }));
    }
    return next();
};

// Express gives every body a weak tag made of its length and a digest.
const tag = (text) => {
    let digest = 0;
    for (const character of text) digest = (Math.imul(digest, 31) + character.codePointAt(0)) | 0;
    return `W/"${text.length.toString(16)}-${(digest >>> 0).toString(16)}"`;
};

// Serves one request of `{method, path, query, headers, text}`; gives `{status, headers, text}`.
export const serve = (router, request) =>
    new Promise((resolve) => {
        const req = { ...request, baseUrl: "", params: {}, header: (name) => request.headers[name] };
        const headers = {};
        const res = {
            code: 200,
            status: (code) => ((res.code = code), res),
            setHeader: (name, value) => ((headers[name.toLowerCase()] = value), res),
            location: (url) => res.setHeader("location", url),
            send: (body) => {
                const text = body === undefined || res.code === 204 ? "" : JSON.stringify(body);
                if (text) headers.etag = tag(text);
                resolve({ status: res.code, headers, text });
            },
        };
        router.handle(req, res, (error) => res.status(error ? 500 : 404).send({ error: `${error}` }));
    });

export default { json };
