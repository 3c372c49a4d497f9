// An application on SCIMMY that stores users and groups in memory. It does what SCIMMY's
// documentation requires, and no more. It listens on a free loopback port, prints the port, and
// ends when its standard input is closed.
//
// Usage: node server.js TOKEN
//
// SCIM is at `/scim/v2`. Besides it there are:
//
// - `GET /control/state` returns every user and group, as they are stored.
// - `DELETE /control/requests` returns the SCIM requests since its last call, as
//   `METHOD /path?query` below SCIM's base, without requests that have the header
//   `x-other-client`.

import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const [token] = process.argv.slice(2);
if (!token) throw new Error("Usage: node server.js TOKEN");

const users = new Map();
const groups = new Map();
const requests = [];
let lastNumber = 0;

const plain = (value) => JSON.parse(JSON.stringify(value));
const same = (one, other) => one.toLowerCase() === other.toLowerCase();
const now = () => new Date().toISOString();

const notFound = (id) => new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);

// Stores a record. Without an id it is a new one.
const store = (all, kind, id, data) => {
    if (id !== undefined && !all.has(id)) throw notFound(id);
    const key = id ?? `${kind}-${(lastNumber += 1)}`;
    const created = all.get(key)?.meta.created ?? now();
    all.set(key, { ...plain(data), id: key, meta: { created, lastModified: now() } });
    return all.get(key);
};

// Returns one record by id, or every record that matches the filter.
const find = (all, { id, filter }, view) => {
    if (id === undefined) {
        const every = [...all.values()].map(view);
        return filter ? filter.match(every) : every;
    }
    if (!all.has(id)) throw notFound(id);
    return view(all.get(id));
};

// Memberships are stored only in the groups.
const withGroups = (user) => {
    const memberships = [...groups.values()].filter((group) =>
        (group.members ?? []).some(({ value }) => value === user.id),
    );
    const links = memberships.map(({ id, displayName }) => ({ value: id, display: displayName }));
    return { ...user, groups: links };
};

SCIMMY.Resources.declare(SCIMMY.Resources.User, {
    ingress: ({ id }, data) => {
        const taken = [...users.values()].some(
            (user) => user.id !== id && same(user.userName, data.userName),
        );
        if (taken) throw new SCIMMY.Types.Error(409, "uniqueness", "The userName is taken");
        return withGroups(store(users, "user", id, data));
    },
    egress: (resource) => find(users, resource, withGroups),
    degress: ({ id }) => {
        if (!users.delete(id)) throw notFound(id);
        for (const group of groups.values()) {
            group.members = (group.members ?? []).filter(({ value }) => value !== id);
        }
    },
});

SCIMMY.Resources.declare(SCIMMY.Resources.Group, {
    ingress: ({ id }, data) => store(groups, "group", id, data),
    egress: (resource) => find(groups, resource, (group) => group),
    degress: ({ id }) => {
        if (!groups.delete(id)) throw notFound(id);
    },
});

const log = (req, _, next) => {
    if (!req.header("x-other-client")) requests.push(`${req.method} ${req.url}`);
    next();
};

const authentication = {
    type: "bearer",
    handler: (req) => {
        if (req.header("authorization") !== `Bearer ${token}`) throw new Error("Wrong token");
    },
};

const app = express();
app.use("/scim/v2", log, new SCIMMYRouters(authentication));
app.get("/control/state", (_, res) => {
    res.json({ users: [...users.values()], groups: [...groups.values()] });
});
app.delete("/control/requests", (_, res) => {
    res.json(requests.splice(0));
});

const server = app.listen(0, "127.0.0.1", () => {
    console.log(server.address().port);
});
// Idle connections stay open, so no test depends on its duration.
server.keepAliveTimeout = 0;

process.stdin.resume().on("end", () => process.exit());
