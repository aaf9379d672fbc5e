//! Holds a message against the dictionaries: flags, types, and which AVPs stand where how often.
//!
//! [`Message::parse`] has looked at the structure; groups are opened here. What is wrong is found in
//! the order structure, types, rules, and only the first is answered (RFC 6733 section 7.5).

use crate::attribute::{Avp, AvpFlags, Avps};
use crate::dictionary::{self, Command, Kind, Rule};
use crate::problem::{Problem, ProblemKind, Stage};
use crate::{AvpCode, CommandFlags, HEADER_LEN, Header, Message, ResultCode};

/// Most problems that are listed for one message.
pub const PROBLEMS_MAX: usize = 64;

/// The first problem of a message, if it has one.
///
/// # Errors
/// The problem; [`crate::Builder::problem`] answers it.
pub fn verify(message: &Message<'_>) -> Result<(), Problem> {
    let mut first: Option<Problem> = None;
    visit(message, &mut |problem| {
        if first.as_ref().is_none_or(|own| problem.kind.stage() < own.kind.stage()) {
            first = Some(problem);
        }
        first.as_ref().is_some_and(|own| own.kind.stage() == Stage::Structure)
    });
    first.map_or(Ok(()), Err)
}

/// Every problem of a message, those of the structure first, at most [`PROBLEMS_MAX`]; for who forgives
/// some and says which.
#[must_use]
pub fn problems(message: &Message<'_>) -> Vec<Problem> {
    let mut all = Vec::new();
    visit(message, &mut |problem| {
        all.push(problem);
        all.len() >= PROBLEMS_MAX
    });
    all.sort_by_key(|problem| problem.kind.stage());
    all
}

/// What stands at a command's level.
#[must_use]
pub fn rules(header: &Header) -> Option<&'static [Rule]> {
    let command = dictionary::command(header.command, header.application)?;
    Some(own_rules(command, header))
}

fn own_rules(command: &'static Command, header: &Header) -> &'static [Rule] {
    if header.is_request() { &command.request_rules } else { &command.answer_rules }
}

/// Takes a problem; answers whether enough were found.
type Visitor<'v> = &'v mut dyn FnMut(Problem) -> bool;

fn visit(message: &Message<'_>, found: Visitor<'_>) {
    let header = &message.header;
    if let Some(kind) = header_problem(header)
        && found(Problem::message(kind))
    {
        return;
    }
    let Some(command) = dictionary::command(header.command, header.application) else {
        found(Problem::message(ProblemKind::Command));
        return;
    };
    // An answer that reports a protocol error has only what RFC 6733 section 7.2 asks for.
    let rules = if header.flags.has(CommandFlags::ERROR) { &[][..] } else { own_rules(command, header) };
    let avps = message.avps();
    let refused = !header.is_request() && message.result_code().is_some_and(ResultCode::is_failure);
    let _ = types(avps, true, found) || counts(avps, rules, refused, HEADER_LEN, found);
}

fn header_problem(header: &Header) -> Option<ProblemKind> {
    let flags = header.flags;
    if flags.reserved() != 0 {
        return Some(ProblemKind::ReservedBits);
    }
    let contradiction = if header.is_request() {
        flags.has(CommandFlags::ERROR)
    } else {
        flags.has(CommandFlags::RETRANSMITTED)
    };
    contradiction.then_some(ProblemKind::HeaderBits)
}

/// Flags, types and groups of each AVP. `mandatory` says whether what is unknown in here counts: within
/// a group that may be ignored it does not.
fn types(avps: Avps<'_>, mandatory: bool, found: Visitor<'_>) -> bool {
    for own in avps {
        if own.flags.reserved() != 0 && found(Problem::of(ProblemKind::AvpBits, own)) {
            return true;
        }
        let demanded = mandatory && own.flags.has(AvpFlags::MANDATORY);
        let Some(known) = own.definition() else {
            if demanded && found(Problem::of(ProblemKind::Unsupported, own)) {
                return true;
            }
            continue;
        };
        if known.kind != Kind::Grouped {
            let checked = known.kind.check(own.data).and_then(|()| closed(known, own));
            if let Err(kind) = checked
                && found(Problem::of(kind, own))
            {
                return true;
            }
            continue;
        }
        let mut wrapped = |problem: Problem| found(problem.within(own.code, own.flags));
        let enough = match own.group() {
            Ok(inside) => {
                // What Failed-AVP carries is what another message had wrong.
                own.code != crate::avp::FAILED_AVP
                    && (types(inside, demanded, &mut wrapped)
                        || counts(inside, &known.rules, false, own.data_offset(), &mut wrapped))
            }
            Err(problem) if problem.kind == ProblemKind::TooDeep => found(problem),
            Err(problem) => wrapped(problem),
        };
        if enough {
            return true;
        }
    }
    false
}

/// The IETF's enumerations are closed; vendors add values to theirs with each release.
fn closed(known: &dictionary::Definition, own: Avp<'_>) -> Result<(), ProblemKind> {
    let open = known.kind != Kind::Enumerated || known.code.vendor() != 0 || known.values().is_empty();
    match own.u32() {
        Some(number) if !open && known.value_name(number).is_none() => {
            Err(ProblemKind::Value { wanted: known.kind.wanted() })
        }
        _ => Ok(()),
    }
}

/// How often each AVP stands here. An answer that refuses may lack what it had nothing to say to.
fn counts(avps: Avps<'_>, rules: &[Rule], refused: bool, offset: usize, found: Visitor<'_>) -> bool {
    if rules.is_empty() {
        return false;
    }
    let mut seen = [0_u16; RULES_MAX];
    let mut last = 0;
    for own in avps {
        let Some(place) = place_of(rules, own.code, last) else { continue };
        last = place;
        seen[place] = seen[place].saturating_add(1);
        let kind = match rules[place].max {
            Some(0) => ProblemKind::NotAllowed,
            // Only the first one too many is named (RFC 6733 section 7.1.5).
            Some(max) if seen[place] == max + 1 => ProblemKind::TooMany { max },
            _ => continue,
        };
        if found(Problem::of(kind, own)) {
            return true;
        }
    }
    for (rule, seen) in rules.iter().zip(seen) {
        if seen < rule.min && !refused && found(Problem::missing(rule.code, offset)) {
            return true;
        }
    }
    false
}

/// Most rules of one command or group.
const RULES_MAX: usize = 64;

/// Where the rule of an AVP stands; most follow the order of the rules, so the search goes on where the
/// `last` one ended.
fn place_of(rules: &[Rule], code: AvpCode, last: usize) -> Option<usize> {
    let rules = rules.get(..RULES_MAX).unwrap_or(rules);
    let (before, behind) = rules.split_at_checked(last)?;
    let found = behind.iter().position(|rule| rule.code == code).map(|place| place + last);
    found.or_else(|| before.iter().position(|rule| rule.code == code))
}
