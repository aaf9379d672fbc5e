//! IVR applications and what is left of them while a site stands alone (ARCH, stand-alone mode restrictions: three lists).
//!
//! An application may do what changes balances and makes xDRs; what changes the configuration of a service or an account
//! it may not.

/// An application, with what a site alone has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its name here, as a request says it.
    pub name: &'static str,
    /// What the documents call it.
    pub title: &'static str,
    /// What is left of it.
    pub alone: Availability,
}

/// What a site alone has of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// All of it.
    Full,
    /// All but this.
    Limited(&'static str),
    /// Nothing.
    Closed,
}

impl Availability {
    /// A word for a journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "available",
            Self::Limited(_) => "limited",
            Self::Closed => "not-available",
        }
    }
}

const fn app(name: &'static str, title: &'static str, alone: Availability) -> Application {
    Application { name, title, alone }
}

impl Application {
    /// The documents' three lists in their order.
    pub const ALL: [Self; 18] = [
        app("voucher-topup", "Account top-up via voucher", Availability::Full),
        app("email-callback", "Email callback", Availability::Full),
        app("balance-info", "Balance information", Availability::Full),
        app("one-stage", "One-stage calling", Availability::Full),
        app("pass-through", "Pass-Through IVR", Availability::Full),
        app("web-callback", "WEB callback", Availability::Full),
        app("conferencing", "Conferencing", Availability::Full),
        app("callback", "Callback calling", Availability::Limited("account registration")),
        app("screening", "Screening IVR", Availability::Limited("fraud protection")),
        app("prepaid-card", "Prepaid card calling", Availability::Limited("account registration")),
        app(
            "sms-callback",
            "SMS Callback",
            Availability::Limited("account registration and the change of passwords"),
        ),
        app(
            "voicemail",
            "Voicemail",
            Availability::Limited("delivery: messages wait in the queue of the mail server"),
        ),
        app(
            "call-queue",
            "Call Queues in auto attendant",
            Availability::Limited("the first caller's place, who may be cut off at the switch"),
        ),
        app("self-care", "Account self-care", Availability::Closed),
        app("credit-card-topup", "Account top-up via credit card", Availability::Closed),
        app("call-forwarding", "Call forwarding management", Availability::Closed),
        app("mailbox-access", "Access to one's own voice mailbox", Availability::Closed),
        app("transfer-to", "Payment Remittance - Transfer To", Availability::Closed),
    ];

    /// The application of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|own| own.name.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_as_long_as_the_documents_are() {
        let count = |wanted: &str| Application::ALL.iter().filter(|own| own.alone.name() == wanted).count();
        // ARCH, stand-alone mode restrictions: 7, 6 and 5 applications.
        assert_eq!([count("available"), count("limited"), count("not-available")], [7, 6, 5]);
        for own in &Application::ALL {
            assert_eq!(Application::named(own.name).map(|found| found.title), Some(own.title));
        }
        assert_eq!(Application::named("fax"), None);
    }
}
