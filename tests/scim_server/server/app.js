// An application on SCIMMY that keeps people and groups in memory: what its documentation asks
// of one, and no more.

import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";
import { serve } from "express";

// The engine that runs this has no URLs of its own.
globalThis.URL = class {
    constructor(text) {
        const [whole, hostname = ""] = /^[a-z][a-z0-9+.-]*:(?:\/\/([^/?#]+))?/i.exec(text) ?? [];
        if (whole === undefined) throw new TypeError("Invalid URL");
        this.hostname = hostname;
    }
};

const users = new Map();
const groups = new Map();
let made = 0;

const plain = (value) => JSON.parse(JSON.stringify(value));
const same = (one, other) => one.toLowerCase() === other.toLowerCase();
const now = () => new Date().toISOString();

const missing = (id) => new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);

const keep = (all, kind, id, data) => {
    if (id !== undefined && !all.has(id)) throw missing(id);
    const key = id ?? `${kind}-${(made += 1)}`;
    const created = all.get(key)?.meta.created ?? now();
    all.set(key, { ...plain(data), id: key, meta: { created, lastModified: now() } });
    return all.get(key);
};

const find = (all, { id, filter }, shown) => {
    if (id === undefined) {
        const every = [...all.values()].map(shown);
        return filter ? filter.match(every) : every;
    }
    if (!all.has(id)) throw missing(id);
    return shown(all.get(id));
};

// Who is in which group stands in the groups alone.
const withGroups = (user) => {
    const its = [...groups.values()].filter((group) =>
        (group.members ?? []).some(({ value }) => value === user.id),
    );
    const links = its.map(({ id, displayName }) => ({ value: id, display: displayName }));
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
        if (!users.delete(id)) throw missing(id);
        for (const group of groups.values()) {
            group.members = (group.members ?? []).filter(({ value }) => value !== id);
        }
    },
});

SCIMMY.Resources.declare(SCIMMY.Resources.Group, {
    ingress: ({ id }, data) => keep(groups, "group", id, data),
    egress: (resource) => find(groups, resource, (group) => group),
    degress: ({ id }) => {
        if (!groups.delete(id)) throw missing(id);
    },
});

export const start = (token) => {
    const router = new SCIMMYRouters({
        type: "bearer",
        handler: (req) => {
            if (req.header("authorization") !== `Bearer ${token}`) throw new Error("Who is it?");
        },
    });
    return async (request) => JSON.stringify(await serve(router, JSON.parse(request)));
};

export const state = () =>
    JSON.stringify({ users: [...users.values()], groups: [...groups.values()] });
