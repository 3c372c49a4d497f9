//! The spelling of fields in paths.

use alloc::string::String;

/// Returns the path that the component gives, e.g. `request.former-emails[0]`, as it is in JSON:
/// `request.former_emails[0]`. Cases keep their names: `mode.delete-once-disabled`.
///
/// `fields` are the names to spell with `_`, in order; see `Contract::respelled_fields` of
/// `contract-schema`.
pub fn path_in_json(path: &str, fields: &[&str]) -> String {
    let mut spelled = String::with_capacity(path.len());
    for (at, part) in path.split('.').enumerate() {
        if at > 0 {
            spelled.push('.');
        }
        let (name, index) = part.split_at(part.find('[').unwrap_or(part.len()));
        match fields.binary_search(&name) {
            Ok(_) => spelled += &name.replace('-', "_"),
            Err(_) => spelled += name,
        }
        spelled += index;
    }
    spelled
}
