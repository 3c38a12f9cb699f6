//! `del`: deletes objects; those that cannot be are told, the others go.

use qomet_qmp::ClientError;

use super::arguments::Del;
use super::session::Session;
use super::{Done, target};
use crate::console::Console;
use crate::outcome::Outcome;

/// Runs the command.
pub(super) fn del(session: &mut Session, arguments: &Del, console: &mut Console) -> Done {
    let mut outcome = Outcome::Fine;
    for id in &arguments.ids {
        match session.client.delete(id) {
            Ok(()) => {}
            Err(ClientError::Refused(refused)) => {
                let mut refused = *refused;
                let is_known = session.client.get(&format!("/objects/{id}"), "type").is_ok();
                if !is_known && refused.data.is_null() {
                    // QEMU has no class for it; with this one the nearest id is looked for.
                    refused.class = "DeviceNotFound".to_owned();
                }
                outcome = target::explain(&mut session.client, id, None, refused).show(console);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(outcome)
}
