// An application on SCIMMY that keeps people and groups in memory: what its documentation asks
// of one, and no more. It listens on a free port of loopback, prints the port, and ends when
// its standard input does.
//
// Usage: node server.js TOKEN
//
// Beside SCIM, under `/scim/v2`:
//
// - `GET /control/state` answers with every user and group, as they are kept.
// - `DELETE /control/requests` answers with the SCIM requests since the last call of it, as
//   `METHOD /path?query` below SCIM's base. Requests with the header `x-other-client` are not
//   among them.

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

// Keeps a record: a new one where there is no id.
const keep = (all, kind, id, data) => {
    if (id !== undefined && !all.has(id)) throw notFound(id);
    const key = id ?? `${kind}-${(lastNumber += 1)}`;
    const created = all.get(key)?.meta.created ?? now();
    all.set(key, { ...plain(data), id: key, meta: { created, lastModified: now() } });
    return all.get(key);
};

// One record by id, or every record that the filter matches.
const find = (all, { id, filter }, view) => {
    if (id === undefined) {
        const every = [...all.values()].map(view);
        return filter ? filter.match(every) : every;
    }
    if (!all.has(id)) throw notFound(id);
    return view(all.get(id));
};

// Memberships are kept in the groups alone.
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
        return withGroups(keep(users, "user", id, data));
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
    ingress: ({ id }, data) => keep(groups, "group", id, data),
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
// Idle connections stay open: no test depends on how long it takes.
server.keepAliveTimeout = 0;

process.stdin.resume().on("end", () => process.exit());
