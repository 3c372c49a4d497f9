# Requests of `plan-sync`, as the engine takes them.

# An address as a roster entry that says nothing of the person but that they stay.
def stays: {email: ., first_name: null, last_name: null, user_type: null, admin: null, groups: []};

# An address as an entry of somebody new.
def arrives($first; $last; groups):
  stays + {first_name: $first, last_name: $last, user_type: "default", groups: groups};

# A roster as a request: whoever is not on it is disabled. `limit` is how many percent of the
# people that may be; as the contract has it where null.
def request($limit): {
  roster: .,
  span: null,
  policy: {
    create_missing: true,
    update_existing: true,
    re_enable_disabled: false,
    absent: "disable",
    memberships: "add",
    managed_groups: [],
    create_missing_groups: false,
    default_user_type: null,
    guards: {
      max_user_removal_percent: $limit,
      max_user_removal_floor: null,
      max_member_removal_percent: null,
      max_member_removal_floor: null,
      minimum_admins: null,
      required_admins: [],
      protected_people: [],
      allow_empty_roster: false
    }
  }
};
