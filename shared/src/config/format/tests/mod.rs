use super::*;
fn show(kind: Kind, text: &str, wanted: &str) -> String {
    match read(kind, text, wanted) {
        Err(fault) => format!("FAULT {fault}"),
        Ok(d) => {
            let pairs: Vec<_> = d.pairs.iter().map(|p| format!("{}={:?}@{}:{}{}", p.key, p.value, p.line, p.column, if p.bare {"b"} else {""})).collect();
            let notes: Vec<_> = d.notes.iter().map(|n| format!("\n      ~{}:{} {}", n.line, n.column, n.message)).collect();
            format!("{} {:?} {}{}", if d.found {"ok"} else {"NOTFOUND"}, d.sections, pairs.join(" | "), notes.concat())
        }
    }
}
#[test]
fn dump() {
    for (kind, file) in [(Kind::Yaml, "/tmp/fmtprobe/y.cases"), (Kind::Json, "/tmp/fmtprobe/j.cases"), (Kind::Xml, "/tmp/fmtprobe/x.cases")] {
        let all = std::fs::read_to_string(file).unwrap();
        for case in all.split('\u{1}') {
            let (text, wanted) = case.split_once('\u{2}').unwrap();
            println!("--- {text:?} {wanted}\n    {}", show(kind, text, wanted));
        }
    }
}
