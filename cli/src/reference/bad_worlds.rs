//! What is wrong with a world is told by the check of its file, and again by the catalogue that is built of it: each mistake
//! is brought to both, and all of them at once to the catalogue.

use std::path::Path;

use tollgate_conformance::world::{self, World};

use super::world::catalogue;

const GOOD: &str = r#"world: good
currency: CAD
ocs: 10.0.0.1
nodes: { nas: { address: 10.0.0.2, secret: s } }
tariffs:
  retail:
    rates:
      - { prefix: "82", price: 0.02/min }
      - { prefix: "44", price: 0.03/min }
products:
  Card: { rating: [{ tariff: retail }] }
customers:
  owner: {}
accounts:
  "1": { customer: owner, product: Card, balance: 1.00 }
resellers:
  North: { customers: [owner], tariffs: [retail] }
  South: { tariffs: [retail] }
"#;

/// A mistake: what it is in the file, what it is in the world that was read, and what the catalogue says of it.
struct Mistake {
    written: (&'static str, &'static str),
    make: fn(&mut World),
    says: &'static str,
    /// Whether the check of the file leaves it to the catalogue, as it does with what names make together.
    left_to_catalogue: bool,
}

const MISTAKES: [Mistake; 9] = [
    Mistake {
        written: ("prefix: \"44\"", "prefix: \"82\""),
        make: |world| world.tariffs[0].rates[1].prefix = "82".into(),
        says: "w.yaml:9:9: tariff 'retail' has two rates for '82'",
        left_to_catalogue: false,
    },
    Mistake {
        written: ("balance: 1.00", "balance: 1.000001"),
        make: |world| world.accounts[0].balance = "1.000001".parse().unwrap(),
        says: "w.yaml:15:3: 1.000001 is not an amount",
        left_to_catalogue: false,
    },
    Mistake {
        written: ("currency: CAD", "currency: CADX"),
        make: |world| world.tariffs[0].currency = "CADX".into(),
        says: "w.yaml:6:3: 'CADX' is not a currency",
        left_to_catalogue: false,
    },
    Mistake {
        written: ("rating: [{ tariff: retail }]", "rating: []"),
        make: |world| world.products[0].rating.clear(),
        says: "w.yaml:11:3: product 'Card' has no tariff",
        left_to_catalogue: false,
    },
    Mistake {
        written: ("rating: [{ tariff: retail }]", "rating: [{ tariff: retial }]"),
        make: |world| world.products[0].rating[0].tariff = "retial".into(),
        says: "w.yaml:11:20: there is no tariff 'retial'",
        left_to_catalogue: false,
    },
    Mistake {
        written: ("customer: owner", "customer: nobody"),
        make: |world| world.accounts[0].customer = "nobody".into(),
        says: "w.yaml:15:3: there is no customer 'nobody'",
        left_to_catalogue: false,
    },
    Mistake {
        written: ("product: Card, balance", "product: Card, credit-limit: 5.00, balance"),
        make: |world| world.accounts[0].credit_limit = Some("5.00".parse().unwrap()),
        says: "w.yaml:15:3: account '1' is a debit account and has a credit limit",
        left_to_catalogue: false,
    },
    Mistake {
        written: ("price: 0.03/min", "price: 0.03/unit"),
        make: |world| {
            let rate = &mut world.tariffs[0].rates[1];
            (rate.first.per, rate.next.per) = (world::PriceUnit::Piece, world::PriceUnit::Piece);
        },
        says: "w.yaml:9:9: the service 'voice' is not priced in this unit",
        left_to_catalogue: true,
    },
    Mistake {
        written: ("North: {", "North: { owner: North,"),
        make: |world| world.resale.resellers[0].owner = Some("North".into()),
        says: "w.yaml:17:3: the resellers North own each other in a circle",
        left_to_catalogue: true,
    },
];

fn read(text: &str) -> Option<World> {
    world::load_text(Path::new("w.yaml"), text).ok()
}

fn told(world: &World) -> Vec<String> {
    match catalogue(world) {
        Ok(_) => Vec::new(),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

#[test]
fn a_good_world_is_good_to_both() {
    assert_eq!(told(&read(GOOD).unwrap()), [""; 0]);
}

#[test]
fn each_mistake_is_refused_by_the_check_or_left_to_the_catalogue_which_refuses_it() {
    for Mistake { written: (good, bad), make, says, left_to_catalogue } in MISTAKES {
        let text = GOOD.replacen(good, bad, 1);
        assert_ne!(text, GOOD, "{good}");
        let checked = read(&text);
        assert_eq!(checked.is_some(), left_to_catalogue, "{bad}");
        if let Some(world) = checked {
            assert!(told(&world).iter().any(|line| line.starts_with(says)), "{bad}: {:#?}", told(&world));
        }
        let mut world = read(GOOD).unwrap();
        make(&mut world);
        let told = told(&world);
        assert!(told.first().is_some_and(|line| line.starts_with(says)), "{bad}: {told:#?}");
    }
}

#[test]
fn all_mistakes_of_a_world_are_told_in_the_order_of_their_places() {
    let mut world = read(GOOD).unwrap();
    // Those that do not hide each other: each is of another object, or of another rate.
    for number in [0, 1, 3, 8] {
        (MISTAKES[number].make)(&mut world);
    }
    world.nodes.push(world.nodes[0].clone());
    let told = told(&world);
    let places: Vec<&str> = told.iter().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(
        places,
        ["w.yaml:4:10", "w.yaml:9:9", "w.yaml:11:3", "w.yaml:15:3", "w.yaml:17:3"],
        "{told:#?}"
    );
}

#[test]
fn what_is_wrong_in_another_environment_is_told_with_its_place() {
    let indented = GOOD.lines().filter(|line| !line.starts_with("ocs") && !line.starts_with("world"));
    let inner: String = indented.map(|line| format!("    {line}\n")).collect();
    let text = format!("{GOOD}environments:\n  \"3\":\n{}", inner.replace("10.0.0.2", "10.0.0.3"));
    let mut world = read(&text).unwrap();
    assert_eq!(told(&world), [""; 0]);
    (MISTAKES[0].make)(&mut world.environments[0]);
    // Nineteen lines of the first, two of the heading, and the seventh of those within.
    assert_eq!(told(&world), ["w.yaml:27:13: tariff 'retail' has two rates for '82'"]);
}
