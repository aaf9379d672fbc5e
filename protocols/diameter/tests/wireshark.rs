//! Numbers of the dictionaries beside those that come with Wireshark, wherever they are installed.

use std::collections::BTreeMap;
use std::path::Path;

use tollgate_diameter::dictionary;

const FOLDER: &str = "/usr/share/wireshark/diameter";

/// The value of an attribute of an element: `code` of `<avp name="…" code="456">`.
fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let rest =
        element.split_once(&format!(" {name}=\"")).or_else(|| element.split_once(&format!("\t{name}=\"")))?.1;
    rest.split_once('"').map(|own| own.0)
}

#[test]
fn numbers_are_those_that_wireshark_knows() {
    let folder = Path::new(FOLDER);
    if !folder.is_dir() {
        return;
    }
    let mut known: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for file in
        ["dictionary.xml", "chargecontrol.xml", "nasreq.xml", "TGPP.xml", "Ericsson.xml", "Huawei.xml"]
    {
        let Ok(text) = std::fs::read_to_string(folder.join(file)) else { continue };
        for element in text.split("<avp ").skip(1) {
            let element = format!(" {}", element.split('>').next().unwrap_or_default());
            let number = attribute(&element, "code").and_then(|own| own.trim().parse().ok());
            if let (Some(name), Some(number)) = (attribute(&element, "name"), number) {
                known.entry(name.trim().to_owned()).or_default().push(number);
            }
        }
    }
    let mut compared = 0;
    for own in dictionary::avps() {
        let Some(numbers) = known.get(own.name) else { continue };
        compared += 1;
        assert!(
            numbers.contains(&own.code.number()),
            "{}: {} is not in {numbers:?}",
            own.name,
            own.code.number()
        );
    }
    assert!(compared > 800, "only {compared} were compared");
}
