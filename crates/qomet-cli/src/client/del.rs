//! `del`: deletes objects; those that cannot be are told, the others go.

use qomet_qmp::ClientError;
use serde_json::json;

use super::arguments::Del;
use super::report::{Failure, conclude};
use super::session::Session;
use super::{Done, target};
use crate::console::Console;

/// Runs the command.
pub(super) fn del(session: &mut Session, arguments: &Del, console: &mut Console) -> Done {
    let mut done = Vec::new();
    let mut refusals = Vec::new();
    let mut ended = Ok(());
    for id in &arguments.ids {
        match session.client.delete(id) {
            Ok(()) => done.push(json!({ "deleted": format!("/objects/{id}") })),
            Err(ClientError::Refused(refused)) => {
                let mut refused = *refused;
                let is_known = session.client.get(&format!("/objects/{id}"), "type").is_ok();
                if !is_known && refused.data.is_null() {
                    // QEMU has no class for it; with this one the nearest id is looked for.
                    refused.class = "DeviceNotFound".to_owned();
                }
                refusals.push(target::explain(&mut session.client, id, None, refused));
            }
            Err(error) => {
                ended = Err(error.into());
                break;
            }
        }
    }
    let refused: Vec<_> = refusals.iter().map(Failure::to_json).collect();
    let worst = refusals.iter().map(|failure| failure.show(console)).last();
    done.extend(refused);
    let outcome = conclude(arguments.json, done, ended, console)?;
    Ok(worst.unwrap_or(outcome))
}
