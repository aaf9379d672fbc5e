//! What a right file reads as.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod support;

use std::path::Path;
use std::time::Duration;

use support::{address, folder, registry};
use tollgate_conformance::diagnostics::Report;
use tollgate_conformance::scenario::{
    Deed, FaultKind, Matcher, Options, Order, Scalar, Scenario, Who, check_octets,
};
use tollgate_conformance::world::{self, AccountType, Leg, PriceUnit};
use tollgate_network::Ratio;
use tollgate_time::Instant;
use tollgate_wire::{Decimal, Value};

const HEAD: &str = "\
scenario: A card pays
world: worlds/card.yaml
peers:
  ivr: { is: nas, at: 192.0.2.10 }
";

fn check(text: &str) -> (Vec<Scenario>, Report) {
    let path = folder("library").join("calls/test.yaml");
    check_octets(&path, text.as_bytes(), &registry(), &Options::default())
}

fn load(text: &str) -> Vec<Scenario> {
    let (scenarios, report) = check(text);
    assert!(report.is_empty(), "{report}");
    scenarios
}

fn load_steps(steps: &str) -> Scenario {
    load(&format!("{HEAD}steps:\n{steps}")).remove(0)
}

fn texts(scenario: &Scenario) -> Vec<&str> {
    scenario.steps.iter().map(|step| step.text.as_str()).collect()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn the_example_of_the_language_reads_as_it_is_meant() {
    let scenario = load(
        r##"
# yaml-language-server: $schema=scenario.schema.json
scenario: A prepaid calling card pays for one call through the IVR
covers: [ESI-A-prepaid-ivr, RC-01]
tags: [radius, prepaid]
starts: 2007-03-09T00:15:50-08:00
world: worlds/card.yaml
peers:
  ivr: { is: nas, at: 192.0.2.10, accounting: start-stop }
steps:
  - ivr.call: { from: "6045550193", to: "6045551600" }
  - expect: { ivr: prompt, is: enter-card-number }
  - ivr.dial: "10086610975#"
  - expect: { ivr: Access-Accept, within: 200ms }
    where:
      h323-return-code: 0
      h323-credit-amount: 10.00
      h323-ivr-in.Tariff: PrepaidCard
      h323-ivr-in.available-funds: ~^\d+\.\d\d
    capture: { funds: h323-ivr-in.available-funds }
  - expect: { ivr: prompt }
    where: { amount: "${funds}" }
  - wait: 2.972s
  - ivr.answer:
  - ivr.hangup: { cause: "10" }
  - expect: { ivr: Accounting-Response, times: 2 }
finally:
  balances: { "100": 9.97633 CAD }
  reserved: { "100": 0 }
  xdrs:
    - { account: "100", cld: "82623634515", used: 71s, charged: 71s, amount: 0.02367 CAD }
  events: [Account/BalanceChanged]
"##,
    )
    .remove(0);

    assert_eq!(scenario.name, "A prepaid calling card pays for one call through the IVR");
    assert_eq!(scenario.covers, ["ESI-A-prepaid-ivr", "RC-01"]);
    assert_eq!(scenario.tags, ["radius", "prepaid"]);
    // 00:15:50 at eight hours behind UTC is 08:15:50 UTC.
    assert_eq!(scenario.starts, Instant::parse_rfc3339("2007-03-09T08:15:50Z").unwrap());
    assert_eq!((scenario.strict, scenario.seed), (false, None));

    let peer = &scenario.peers[0];
    assert_eq!((peer.name.as_str(), peer.kind.name, peer.address), ("ivr", "nas", address("192.0.2.10")));
    assert_eq!(peer.settings.to_string(), "port: 0, accounting: start-stop");

    let Deed::Act { who, verb, args, late, may_refuse: false } = &scenario.steps[2].does else { panic!() };
    assert_eq!((*who, verb.name, late.len()), (Who::Peer(0), "dial", 0));
    assert_eq!(args.get("digits"), Some(&Value::text("10086610975#")));
    assert_eq!(scenario.steps[2].text, "ivr.dial: \"10086610975#\"");

    let Deed::Expect(accept) = &scenario.steps[3].does else { panic!() };
    assert_eq!((accept.sight.name, accept.within), ("Access-Accept", Some(Duration::from_millis(200))));
    assert_eq!((accept.times, accept.absent), (1, false));
    let matchers: Vec<String> =
        accept.fields.iter().map(|field| format!("{} {:?}", field.path, kind(&field.matcher))).collect();
    assert_eq!(
        matchers,
        [
            "h323-return-code \"0\"",
            "h323-credit-amount \"10.00\"",
            "h323-ivr-in.Tariff \"PrepaidCard\"",
            "h323-ivr-in.available-funds \"~^\\\\d+\\\\.\\\\d\\\\d\"",
        ]
    );
    assert_eq!((accept.fields[0].place.line, accept.fields[0].place.column), (16, 7));
    assert_eq!(accept.capture[0].1.to_string(), "h323-ivr-in.available-funds");

    let Deed::Expect(prompt) = &scenario.steps[4].does else { panic!() };
    assert!(matches!(
        &prompt.fields[0].matcher,
        Matcher::Equals(Scalar::Late { template, quoted: true }) if template == "${funds}"
    ));
    assert!(matches!(scenario.steps[5].does, Deed::WaitFor(span) if span == Duration::from_millis(2972)));
    let Deed::Act { args, .. } = &scenario.steps[6].does else { panic!() };
    assert!(args.is_empty());

    let finally = &scenario.finally;
    assert_eq!(kind(&finally.balances[0].matcher), "9.97633 CAD");
    assert_eq!(kind(&finally.reserved[0].matcher), "0");
    assert_eq!(finally.xdrs.as_ref().unwrap()[0].fields.len(), 5);
    assert_eq!(finally.events[0].0, "Account/BalanceChanged");
}

fn kind(matcher: &Matcher) -> String {
    match matcher {
        Matcher::Equals(Scalar::Plain { written, .. }) => written.to_string(),
        Matcher::Equals(Scalar::Text(text)) => format!("'{text}'"),
        Matcher::Regex(regex) => format!("~{regex}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn every_matcher_of_the_language_is_read() {
    let scenario = load_steps(
        r#"
  - expect: { ivr: Access-Accept }
    where:
      User-Name: "10"
      h323-return-code: any
      Reply-Message: absent
      h323-credit-amount: { gte: 5, lt: 10.00 CAD }
      h323-credit-time: { between: [1, 2] }
      h323-ivr-in.a: { one-of: [x, "~^y: "] }
      h323-ivr-in.b: { near: 1373028131, by: 2 }
      h323-ivr-in.c: [all, of, these]
"#,
    );
    let Deed::Expect(expect) = &scenario.steps[0].does else { panic!() };
    let matcher = |place: usize| &expect.fields[place].matcher;
    assert_eq!(kind(matcher(0)), "'10'");
    assert!(matches!(matcher(1), Matcher::Any));
    assert!(matches!(matcher(2), Matcher::Absent));
    let orders = |matcher: &Matcher| match matcher {
        Matcher::Compare(comparisons) => comparisons.iter().map(|(order, _)| *order).collect(),
        _ => Vec::new(),
    };
    assert_eq!(orders(matcher(3)), [Order::GreaterOrEqual, Order::Less]);
    assert_eq!(orders(matcher(4)), [Order::GreaterOrEqual, Order::LessOrEqual]);
    assert!(matches!(matcher(5), Matcher::OneOf(choices)
        if choices.len() == 2 && matches!(choices[1], Matcher::Regex(_))));
    assert!(matches!(matcher(6), Matcher::Near(..)));
    assert!(matches!(matcher(7), Matcher::All(values) if values.len() == 3));
}

#[test]
fn a_message_is_sent_field_by_field() {
    let scenario = load_steps(
        r#"
  - ivr.send: Access-Request
    with:
      User-Name: "10"
      NAS-Port: 5060
      Class: [one, two]
      h323-ivr-out: { Tariff: Unknown, Seed: 0045 }
    corrupt: truncate 5
"#,
    );
    let Deed::Act { args, .. } = &scenario.steps[0].does else { panic!() };
    assert_eq!(args.get("message"), Some(&Value::text("Access-Request")));
    let Some(Value::Group(with)) = args.get("with") else { panic!() };
    assert_eq!(with.get("NAS-Port"), Some(&Value::Integer(5060)));
    assert_eq!(with.all("Class").count(), 2);
    // Digits behind a zero are a name.
    assert_eq!(with.get("h323-ivr-out").unwrap().to_string(), "{ Tariff: Unknown, Seed: 0045 }");
    assert_eq!(args.get("corrupt"), Some(&Value::List(vec![Value::text("truncate 5")])));
    assert!(scenario.steps[0].text.starts_with("ivr.send: Access-Request with: { User-Name: \"10\""));
}

#[test]
fn captures_complete_arguments_when_the_step_runs() {
    let scenario = load_steps(
        r#"
  - expect: { ivr: prompt, is: balance }
    capture: { funds: amount }
  - ivr.dial: "${funds}#"
  - ivr.send: { message: Access-Request, with: { User-Name: "${funds}" } }
"#,
    );
    let Deed::Act { args, late, .. } = &scenario.steps[1].does else { panic!() };
    assert!(args.is_empty());
    assert_eq!((late[0].arg.name, late[0].template.as_str()), ("digits", "${funds}#"));
    let Deed::Act { args, late, .. } = &scenario.steps[2].does else { panic!() };
    assert!(late.is_empty());
    assert_eq!(args.get("with").unwrap().to_string(), "{ User-Name: ${funds} }");
}

#[test]
fn faults_start_from_the_networks_own_behaviour() {
    let scenario = load(&format!(
        "{HEAD}network: {{ latency: 5ms, loss: 1% }}\nsteps:\n{}",
        r"
  - fault: { duplication: 0.5%, between: [ivr, ocs], for: 5s }
  - fault: { partition: [ivr, ocs] }
  - fault: { partition: true, between: ivr, for: 1min }
  - fault: { crash: ocs, for: 10s }
  - fault: { restart: ocs }
  - fault: heal
  - fault: { reset: ivr }
  - fault: { resets: 2%, between: [ivr, ocs] }
"
    ))
    .remove(0);
    let fault = |place: usize| match &scenario.steps[place].does {
        Deed::Fault(fault) => fault,
        _ => panic!(),
    };
    let FaultKind::Impair { between, impairment } = &fault(0).what else { panic!() };
    assert_eq!(between.as_slice(), [Who::Peer(0), Who::System]);
    assert_eq!((impairment.latency, impairment.loss), (Duration::from_millis(5), Ratio::from_percent(1)));
    assert_eq!(impairment.duplication, Ratio::from_millionths(5_000));
    assert_eq!(fault(0).lasts, Some(Duration::from_secs(5)));
    assert!(matches!(&fault(1).what, FaultKind::Partition { between } if between.len() == 2));
    assert!(
        matches!(&fault(2).what, FaultKind::Partition { between } if between.as_slice() == [Who::Peer(0)])
    );
    assert!(matches!(fault(3).what, FaultKind::Crash(Who::System)));
    assert!(matches!(fault(4).what, FaultKind::Restart(Who::System)));
    assert!(matches!(fault(5).what, FaultKind::Heal));
    assert!(matches!(&fault(6).what, FaultKind::Reset { between } if between.as_slice() == [Who::Peer(0)]));
    let FaultKind::Impair { impairment, .. } = &fault(7).what else { panic!() };
    assert_eq!(impairment.resets, Ratio::from_percent(2));
}

#[test]
fn sequences_and_repetitions_are_written_out() {
    let scenario = load_steps("  - use: { sequence: sequences/twice.yaml, card: \"100\" }\n");
    assert_eq!(
        texts(&scenario),
        [
            "ivr.call: { from: \"551\", to: \"600\" }",
            "ivr.dial: \"100#\"",
            "ivr.call: { from: \"552\", to: \"600\" }",
            "ivr.dial: \"100#\"",
        ]
    );
    assert!(scenario.steps[0].place.file.ends_with("sequences/login.yaml"));
    assert_eq!(scenario.steps[0].place.line, 4);
}

#[test]
fn an_administrators_changes_are_steps_of_the_system() {
    let scenario = load_steps(
        "  - world.change: { top-up: { account: \"100\", amount: 5 CAD }, block: \"200\" }\n  - ocs.block: \"100\"\n",
    );
    let acts: Vec<(Who, &str, String)> = (scenario.steps.iter())
        .map(|step| match &step.does {
            Deed::Act { who, verb, args, .. } => (*who, verb.name, args.to_string()),
            _ => panic!(),
        })
        .collect();
    assert_eq!(
        acts,
        [
            (Who::System, "top-up", "account: 100, amount: 5 CAD".to_owned()),
            (Who::System, "block", "account: 200".to_owned()),
            (Who::System, "block", "account: 100".to_owned()),
        ]
    );
}

#[test]
fn a_matrix_makes_one_run_of_every_combination() {
    let scenarios = load(&format!(
        "{HEAD}matrix: {{ loss: [0%, 5%], card: [\"100\", \"200\"] }}\nnetwork: {{ loss: \"${{loss}}\" }}\n\
         steps:\n  - ivr.dial: ${{card}}#\nfinally: {{ balances: {{ ${{card}}: 0 }} }}\n"
    )
    .replace("{ ${card}: 0 }", "{ \"${card}\": 0 }"));
    let variants: Vec<&str> = scenarios.iter().map(|scenario| scenario.variant.as_str()).collect();
    assert_eq!(
        variants,
        ["loss=0%, card=100", "loss=0%, card=200", "loss=5%, card=100", "loss=5%, card=200"]
    );
    assert_eq!(scenarios[3].network.loss, Ratio::from_percent(5));
    assert_eq!(scenarios[3].steps[0].text, "ivr.dial: 200#");
    assert_eq!(scenarios[3].finally.balances[0].account, "200");
}

#[test]
fn inline_keys_of_a_world_override_those_of_its_file() {
    let scenario = load(&format!("{HEAD}steps: []\n").replace(
        "world: worlds/card.yaml",
        "world: { file: worlds/richer.yaml, accounts: { \"200\": { blocked: true } } }",
    ))
    .remove(0);
    let world = &scenario.world;
    assert_eq!(world.name, "The same with more money");
    assert_eq!(world.accounts[0].balance, decimal("50.00"));
    assert_eq!(world.accounts[0].password, "4711");
    assert_eq!((world.accounts[1].blocked, world.accounts[1].balance), (true, decimal("1.50")));
}

#[test]
fn a_world_is_read_alone() {
    let world = world::load_file(&folder("library").join("worlds/card.yaml")).unwrap();
    assert_eq!((world.currency.as_str(), world.ocs.as_slice()), ("CAD", [address("192.0.2.1")].as_slice()));
    let node = &world.nodes[0];
    assert_eq!(
        (node.name.as_str(), node.secret.as_deref(), node.trusted),
        ("gateway", Some("shared"), false)
    );
    assert_eq!(world.dialing_rules[0].international_prefixes, ["011", "00"]);

    let tariff = &world.tariffs[0];
    assert_eq!((tariff.connect_fee, tariff.free_seconds), (decimal("0.05"), 10));
    let [korea, germany, premium] = tariff.rates.as_slice() else { panic!() };
    // Without `interval:` by the second; without `next:` like the first.
    assert_eq!((korea.first.length, korea.next.length, korea.first.price), (1, 1, decimal("0.02")));
    assert_eq!((germany.first.length, germany.next.length), (30, 6));
    assert_eq!((germany.next.price, germany.next.per), (decimal("1.20"), PriceUnit::Hour));
    assert_eq!((germany.destination.as_str(), premium.forbidden), ("49", true));

    let rating = &world.products[0].rating[0];
    assert_eq!(
        (rating.service.as_str(), rating.leg, rating.tariff.as_str()),
        ("voice", Leg::Originate, "Card")
    );
    let [debit, credit] = world.accounts.as_slice() else { panic!() };
    assert_eq!((debit.kind, credit.kind), (AccountType::Debit, AccountType::Credit));
    assert_eq!((debit.language.as_str(), credit.language.as_str()), ("en", "fr"));
    assert_eq!(credit.credit_limit, Some(decimal("20")));
    assert_eq!(world.settings.password_attempts_max, 5);
    assert_eq!(world.settings.lockout, Duration::from_secs(900));
    assert_eq!(world.settings.grant_max, Some(Duration::from_secs(3600)));
}

#[test]
fn a_file_that_works_can_still_be_warned_of() {
    let (scenarios, report) = check(&format!(
        "{HEAD}matrix: {{ loss: [0%, 5%] }}\nsteps:\n  - expect: {{ ivr: prompt }}\n    capture: {{ funds: amount }}\n"
    ));
    assert_eq!(scenarios.len(), 2);
    assert_eq!(report.errors(), 0);
    let messages: Vec<&str> = report.diagnostics().iter().map(|found| found.message.as_str()).collect();
    assert_eq!(messages, ["the matrix's 'loss' changes nothing", "nothing uses the capture 'funds'"]);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_not_matter() {
    let text = format!("\u{feff}{HEAD}steps:\n  - ivr.answer:\n").replace('\n', "\r\n");
    assert_eq!(load(&text)[0].steps.len(), 1);
}

#[test]
fn a_missing_file_is_one_readable_line() {
    let (_, report) = tollgate_conformance::scenario::check_file(
        Path::new("tests/nowhere.yaml"),
        &registry(),
        &Options::default(),
    );
    assert!(
        report.to_string().starts_with("error: cannot read 'tests/nowhere.yaml': No such file"),
        "{report}"
    );
}

#[test]
fn what_never_ends_is_refused_in_good_time() {
    // Twenty thousand rounds of twenty thousand rounds of nothing.
    let (_, report) = check(&format!(
        "{HEAD}steps:\n  - repeat: {{ times: 20000, steps: [{{ repeat: {{ times: 20000, steps: [] }} }}] }}\n"
    ));
    assert!(report.to_string().contains("more than 100000 repetitions and sequences"), "{report}");

    // Every sequence hands on its value a hundred times over.
    let folder = tempfile::tempdir().unwrap();
    let sequences = folder.path().join("sequences");
    std::fs::create_dir(&sequences).unwrap();
    for number in 0..12 {
        let next = if number < 11 {
            format!("use: {{ sequence: sequences/{}.yaml, x: \"{}\" }}", number + 1, "${x}".repeat(100))
        } else {
            "ivr.dial: \"${x}\"".to_owned()
        };
        let text = format!("sequence: s\nparameters: [x]\nsteps:\n  - {next}\n");
        std::fs::write(sequences.join(format!("{number}.yaml")), text).unwrap();
    }
    let text = format!(
        "{}steps:\n  - use: {{ sequence: sequences/0.yaml, x: \"1234567890\" }}\n",
        HEAD.replace(
            "worlds/card.yaml",
            "{ ocs: 192.0.2.1, nodes: { a: { address: 192.0.2.10, secret: s } } }"
        )
    );
    let path = folder.path().join("bomb.yaml");
    let (_, report) = check_octets(&path, text.as_bytes(), &registry(), &Options::default());
    assert!(report.to_string().contains("becomes too large"), "{report}");
}

#[test]
fn a_large_world_is_read_in_good_time() {
    let mut text = std::fs::read_to_string(folder("library").join("worlds/card.yaml")).unwrap();
    let accounts: String = (0..20_000)
        .map(|number| {
            format!("  \"{number:011}\": {{ customer: c{number}, product: Prepaid, balance: 1.00 }}\n")
        })
        .collect();
    text = text.replace("settings:", &format!("{accounts}settings:"));
    let customers: String = (0..20_000).map(|number| format!("  c{number}: {{}}\n")).collect();
    text = text.replace("customers:\n", &format!("customers:\n{customers}"));
    let world = world::load_text(Path::new("large.yaml"), &text).unwrap();
    assert_eq!(world.accounts.len(), 20_002);

    // Two hundred problems of a large file are shown without looking through it two hundred times.
    let report =
        world::load_text(Path::new("large.yaml"), &text.replace("1.00 }", "1.00 CDA }")).unwrap_err();
    assert_eq!(report.diagnostics().len(), 201);
    let shown = report.to_string();
    assert!(shown.contains("large.yaml:20"), "{shown}");
    // 20,000 accounts are wrong, 200 of them are shown.
    assert!(shown.contains("error: 19800 more problems are not shown"), "{shown}");
}
