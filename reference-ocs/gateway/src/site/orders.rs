//! What an administrator orders of a site.

use tollgate_network::{Action, ActionError};
use tollgate_ocs_core::site::SiteCommand;
use tollgate_ocs_core::{Release, Role};
use tollgate_time::Instant;

use crate::node::RadiusGateway;

impl RadiusGateway {
    /// `switch-site`: for an update it stands alone and goes back; for good it becomes the primary.
    pub(crate) fn switch_site(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let Some(number) = self.site.as_ref().map(|face| face.config.number) else {
            return Err(ActionError::Impossible("it is the only site of its system".to_owned()));
        };
        let to = action.text("to")?;
        let ordered = match to {
            "stand-alone" => self.tell_site(now, SiteCommand::StandAlone { ordered: true }),
            "primary" => {
                let epoch = self.ocs().site().epoch().saturating_add(1);
                self.tell_site(now, SiteCommand::Promote { epoch })
            }
            _ if number == 0 => Err("the site that began as the primary follows nobody".to_owned()),
            _ => return self.go_back(now),
        };
        ordered.map_err(ActionError::Impossible)?;
        self.show_role("ordered by an administrator");
        Ok(())
    }

    fn go_back(&mut self, now: Instant) -> Result<(), ActionError> {
        if self.ocs().site().role() != Role::StandAlone {
            return Err(ActionError::Impossible("it does not stand alone".to_owned()));
        }
        if let Some(face) = &mut self.site {
            face.goes_back = true;
        }
        self.go_back_if_met(now).map_err(ActionError::Impossible)
    }

    /// `upgrade-site`: its software is of that release from now on.
    pub(crate) fn upgrade_site(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let release: Release =
            action.text("release")?.parse().map_err(|error| ActionError::Impossible(format!("{error}")))?;
        self.tell_site(now, SiteCommand::Upgrade(release)).map_err(ActionError::Impossible)?;
        self.tell_standing();
        Ok(())
    }
}
