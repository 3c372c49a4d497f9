# Requests of `plan-sync`, as the engine takes them: every field is there.

# An address as a roster entry that leaves the person as they are.
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

# An address as an entry of a new person, with the names of groups.
def arrives($first; $last; $groups):
  stays + {
    first_name: $first,
    last_name: $last,
    user_type: "default",
    groups: $groups | map({group: {name: .}, group_admin: null})
  };

# A roster as a request: people who are not on it are disabled. `limit` is how many percent of the
# people that may be; the contract's default where null.
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
