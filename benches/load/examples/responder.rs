//! The least that a server can do: answers every Accounting-Request that is rightly signed. What a charging
//! system costs is what it takes more than this.
//!
//! `cargo run --release -p tollgate-load --example responder -- 127.0.0.1:1813 testing123`

use std::collections::VecDeque;
use std::io::Write;
use std::process::ExitCode;

use tollgate_network::live::{LiveClock, UdpServer, stop_on_signal};
use tollgate_network::{Frame, Input, Node, Output};
use tollgate_radius::{Builder, Code, Packet, Secret, verify};
use tollgate_time::Instant;

struct Responder {
    secret: Secret,
    answers: VecDeque<Frame>,
}

impl Node for Responder {
    fn handle_input(&mut self, _now: Instant, input: Input<'_>) {
        let Input::Receive(frame) = input else { return };
        let Ok(request) = Packet::parse(&frame.payload) else { return };
        if verify::accounting_request(&request, &self.secret) {
            let builder = Builder::new(Code::ACCOUNTING_RESPONSE, request.identifier());
            let answer = builder.finish_response(request.authenticator(), &self.secret);
            self.answers.extend(answer.ok().map(|answer| frame.answer(answer)));
        }
    }

    fn poll_output(&mut self) -> Output {
        self.answers.pop_front().map_or(Output::Wait(None), Output::Transmit)
    }

    fn restart(&mut self, _now: Instant) {}
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let address = args.next().and_then(|address| address.parse().ok());
    let (Some(address), Some(secret)) = (address, args.next().map(Secret::new)) else {
        let _closed = writeln!(std::io::stderr(), "usage: responder ADDRESS:PORT SECRET");
        return ExitCode::from(1);
    };
    let mut node = Responder { secret, answers: VecDeque::new() };
    let served = UdpServer::bind(&[address])
        .and_then(|server| server.run(&mut node, &LiveClock::time_of_day(), stop_on_signal(), |_, _| {}));
    let (text, code) = match served {
        Ok(totals) => (format!("{totals:?}"), ExitCode::SUCCESS),
        Err(error) => (error.to_string(), ExitCode::from(3)),
    };
    let _closed = writeln!(std::io::stdout(), "{text}");
    code
}
