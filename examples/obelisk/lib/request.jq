# Requests of `plan-sync` for the engine, which requires every field.

# Converts an address to a roster entry that leaves the person unchanged.
def stays: {
  user: {email: .},
  email: null,
  login: null,
  former_emails: [],
  first_name: null,
  last_name: null,
  user_type: null,
  admin: null,
  profile_photo_url: null,
  metadata: null,
  attributes: [],
  clear: [],
  groups: [],
  way_in: null
};

# Converts an address to an entry of a new person, with the names of groups.
def arrives($first; $last; $groups):
  stays + {
    first_name: $first,
    last_name: $last,
    user_type: "default",
    groups: $groups | map({group: {name: .}, group_admin: null})
  };

# Converts a roster to a request that disables people who are not on it. `limit` is the percentage
# of people that may be disabled; if null, it is the contract's default.
def request($limit): {
  roster: .,
  span: null,
  policy: {
    create_missing: true,
    update_existing: true,
    re_enable_disabled: false,
    leave_disabled: null,
    absent: "disable",
    absence_scope: null,
    inactive_for_days: null,
    memberships: "add",
    managed_groups: [],
    create_missing_groups: false,
    default_user_type: null,
    guards: {
      user_removals: (if $limit == null then null else {percent: $limit, floor: null} end),
      member_removals: null,
      membership_removals: null,
      creations: null,
      promotions: null,
      re_enablements: null,
      updates: null,
      member_additions: null,
      minimum_admins: null,
      required_admins: [],
      protected_people: [],
      allow_empty_roster: false
    }
  },
  disabled_since: [],
  expected_digest: null
};
