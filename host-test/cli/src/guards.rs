//! The switches that set the guards of a plan, and which of them helps against a guard.

use clap::{ArgAction, Args};

use host_test::requests;
use host_test::retool::synchronization::{Guard, Guards};

#[derive(Debug, Args)]
#[command(next_help_heading = "Guards")]
pub(crate) struct GuardArgs {
    /// The most people that may be disabled or deleted, in percent; 5 if not given.
    #[arg(long, value_name = "N")]
    max_user_removals_percent: Option<u32>,
    /// This many people may always be disabled or deleted; 3 if not given.
    #[arg(long, value_name = "N")]
    max_user_removals_floor: Option<u32>,
    /// The most members of one group that may be removed, in percent; 25 if not given.
    #[arg(long, value_name = "N")]
    max_member_removals_percent: Option<u32>,
    /// This many members of one group may always be removed; 3 if not given.
    #[arg(long, value_name = "N")]
    max_member_removals_floor: Option<u32>,
    /// The most memberships that may be removed over all groups, in percent; 10 if not given.
    #[arg(long, value_name = "N")]
    max_membership_removals_percent: Option<u32>,
    /// This many memberships may always be removed; 10 if not given.
    #[arg(long, value_name = "N")]
    max_membership_removals_floor: Option<u32>,
    /// The most people that may be created, of the enabled people, in percent; 20 if not given.
    #[arg(long, value_name = "N")]
    max_creations_percent: Option<u32>,
    /// This many people may always be created; 25 if not given.
    #[arg(long, value_name = "N")]
    max_creations_floor: Option<u32>,
    /// The most people that may become administrators, of the administrators, in percent; 5 if not given.
    #[arg(long, value_name = "N")]
    max_promotions_percent: Option<u32>,
    /// This many people may always become administrators; 1 if not given.
    #[arg(long, value_name = "N")]
    max_promotions_floor: Option<u32>,
    /// The most disabled people that may be enabled, of the enabled people, in percent; 5 if not given.
    #[arg(long, value_name = "N")]
    max_re_enablements_percent: Option<u32>,
    /// This many disabled people may always be enabled; 3 if not given.
    #[arg(long, value_name = "N")]
    max_re_enablements_floor: Option<u32>,
    /// The most people whose fields may change, of the enabled people, in percent; 25 if not given.
    #[arg(long, value_name = "N")]
    max_updates_percent: Option<u32>,
    /// This many people's fields may always change; 25 if not given.
    #[arg(long, value_name = "N")]
    max_updates_floor: Option<u32>,
    /// The most members that may be added to one group, of its members, in percent; 50 if not given.
    #[arg(long, value_name = "N")]
    max_member_additions_percent: Option<u32>,
    /// This many members may always be added to one group; 25 if not given.
    #[arg(long, value_name = "N")]
    max_member_additions_floor: Option<u32>,
    /// How many enabled administrators must remain; 2 if not given.
    #[arg(long, value_name = "N")]
    minimum_admins: Option<u32>,
    /// People who must be administrators after the sync.
    #[arg(long = "require-admin", value_name = "EMAIL", num_args = 1.., action = ArgAction::Append)]
    require_admins: Vec<String>,
    /// People who must not be disabled or deleted, and must not lose a right or a membership.
    #[arg(long, value_name = "EMAIL", num_args = 1.., action = ArgAction::Append)]
    protect: Vec<String>,
    /// Allow a roster without people.
    #[arg(long)]
    allow_empty_roster: bool,
}

impl GuardArgs {
    /// Returns the guards of a request. The component has the defaults.
    pub(crate) fn guards(&self) -> Guards {
        let limit = requests::guard_limit;
        let by_email = |emails: &[String]| emails.iter().map(requests::by_email).collect();
        Guards {
            user_removals: limit(self.max_user_removals_percent, self.max_user_removals_floor),
            member_removals: limit(
                self.max_member_removals_percent,
                self.max_member_removals_floor,
            ),
            membership_removals: limit(
                self.max_membership_removals_percent,
                self.max_membership_removals_floor,
            ),
            creations: limit(self.max_creations_percent, self.max_creations_floor),
            promotions: limit(self.max_promotions_percent, self.max_promotions_floor),
            re_enablements: limit(self.max_re_enablements_percent, self.max_re_enablements_floor),
            updates: limit(self.max_updates_percent, self.max_updates_floor),
            member_additions: limit(
                self.max_member_additions_percent,
                self.max_member_additions_floor,
            ),
            minimum_admins: self.minimum_admins,
            required_admins: by_email(&self.require_admins),
            protected_people: by_email(&self.protect),
            allow_empty_roster: self.allow_empty_roster,
        }
    }
}

/// Returns the switch that changes the limit of a guard; `None` if no switch should.
pub(crate) fn hint(guard: Guard) -> Option<&'static str> {
    macro_rules! raises {
        ($what:literal) => {
            concat!("--max-", $what, "-percent N or --max-", $what, "-floor N raises the limit")
        };
    }
    Some(match guard {
        Guard::UserRemovals => raises!("user-removals"),
        Guard::MemberRemovals => raises!("member-removals"),
        Guard::MembershipRemovals => raises!("membership-removals"),
        Guard::Creations => raises!("creations"),
        Guard::Promotions => raises!("promotions"),
        Guard::ReEnablements => raises!("re-enablements"),
        Guard::Updates => raises!("updates"),
        Guard::MemberAdditions => raises!("member-additions"),
        Guard::MinimumAdmins => "--minimum-admins N lowers how many must remain",
        Guard::RequiredAdmins => "--require-admin EMAIL requires them: leave that out",
        Guard::ProtectedPeople => "--protect EMAIL protects them: leave that out",
        Guard::EmptyRoster => "--allow-empty-roster allows it",
        Guard::IncompleteSnapshot => return None,
    })
}
