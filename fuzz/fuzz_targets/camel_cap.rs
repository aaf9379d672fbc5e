//! Any octets are the argument of an operation or none, by the first octet's code and phase; one that is read is
//! written to octets that read as the same, and can be shown. The gsmSSF obeys it or says why not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_camel::Operation;
use tollgate_camel::cap::{CapError, InitialDpArg, Phase};
use tollgate_camel::ssf::{CallEvent, Side, Ssf, Timers};
use tollgate_time::Instant;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, argument)) = bytes.split_first() else { return };
    let (code, phase) = (i64::from(first & 0x7f), if first & 0x80 == 0 { Phase::Two } else { Phase::Three });
    let argument = (!argument.is_empty()).then_some(argument);
    let _ = CapError::decode(code, argument, 0, phase).map(|own| (own.parameter(phase), own.fields()));
    let Ok(own) = Operation::decode(code, argument, 0, phase) else { return };
    let again = own.argument(phase);
    let read = Operation::decode(code, (!again.is_empty()).then_some(&again[..]), 0, phase);
    assert_eq!(read, Ok(own.clone()));
    let (name, value) = own.show();
    let _ = Operation::take(name, &value);

    let now = Instant::from_unix_secs(1_800_000_000);
    let mut ssf = Ssf::new(Side::Originating, phase, Timers::default());
    ssf.handle_trigger(now, InitialDpArg::default());
    ssf.handle_operation(now, 1, &own);
    ssf.handle_operation(now, 2, &Operation::Continue);
    ssf.handle_event(now, CallEvent::Answer);
    ssf.handle_operation(now, 3, &own);
    if let Some(deadline) = ssf.next_deadline() {
        ssf.expire(deadline);
    }
    while let Some(output) = ssf.poll_output() {
        let _ = format!("{output:?}");
    }
});
