//! Bad files, and what is said of each: the table that the modules about them share.

use std::fs;
use std::path::Path;

/// One MiB, the largest file that is read.
pub(crate) const MIB: usize = 1024 * 1024;

/// A file and what is said of it.
pub(crate) struct Bad {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
    /// What the finding says; without any the file is legal.
    pub(crate) says: &'static [&'static str],
    /// Whether it is refused.
    pub(crate) refused: bool,
}

/// Cuts a repeated text to the size that is still read.
pub(crate) fn fill(head: &str, part: &str, tail: &str) -> Vec<u8> {
    let room = MIB - head.len() - tail.len();
    [head, &part.repeat(room / part.len()), tail].concat().into_bytes()
}

/// A thousand and more lines, each made of its number.
fn each(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// A file that must be refused.
fn refused(name: &'static str, bytes: impl Into<Vec<u8>>, says: &'static [&'static str]) -> Bad {
    Bad { name, bytes: bytes.into(), says, refused: true }
}

/// A file that is odd, and legal.
fn legal(name: &'static str, bytes: impl Into<Vec<u8>>, says: &'static [&'static str]) -> Bad {
    Bad { name, bytes: bytes.into(), says, refused: false }
}

/// All of them.
pub(crate) fn files() -> Vec<Bad> {
    let ini = slips().into_iter().chain(values()).chain(lines()).chain(bytes());
    let ini = ini.chain(elsewhere()).chain(many());
    ini.chain(yaml()).chain(json()).chain(xml()).collect()
}

/// Mistakes and malice of a line or two.
fn slips() -> Vec<Bad> {
    vec![
        refused(
            "include.ini",
            "[uwsgi]\na = 1\ninclude = none.ini\n",
            &["include.ini:3: include:", "none.ini: cannot be read"],
        ),
        refused("cycle.ini", "[uwsgi]\nini = %p\n", &["cycle.ini:2: ini:", "includes itself"]),
        refused(
            "cycle-pair.ini",
            "[uwsgi]\ninclude = %dparts/cycle-half.ini\n",
            &["includes itself", "cycle-half.ini"],
        ),
        legal(
            "unclosed.ini",
            "[uwsgi]\nif-exists = /\na = 1\n",
            &["unclosed.ini:", "endif", "not ended"],
        ),
        refused(
            "nested.ini",
            "[uwsgi]\nfor = a b\nfor = c d\nx = %(_)\nendfor\nendfor\n",
            &["nested.ini:3: for:", "nested"],
        ),
        refused("device.ini", "[uwsgi]\nx = @(/dev/zero)\n", &["device.ini:2: x:", "/dev/zero"]),
        refused(
            "fence.ini",
            format!("[uwsgi]\n{}", "whitelist = a\n".repeat(40_000)),
            &["fence.ini:3: whitelist: forbidden"],
        ),
        refused(
            "sets.ini",
            format!("[uwsgi]\nset = {}x=1\n", "set=".repeat(100_000)),
            &["sets.ini:2: set:"],
        ),
    ]
}

/// Values that want to grow.
fn values() -> Vec<Bad> {
    let laughs = each(30, |n| format!("l{} = %(l{n})%(l{n})%(l{n})%(l{n})\n", n + 1));
    let deep = each(3000, |n| format!("d{n} = %(d{})\n", n + 1));
    vec![
        legal("openings.ini", fill("[uwsgi]\nx = ", "%(a", "\n"), &[]),
        legal("openings-closed.ini", fill("[uwsgi]\nx = ", "%(a", ")\n"), &[]),
        legal("openings-line.ini", fill("[uwsgi]\n", "%(a", "\n"), &[]),
        legal("dollars.ini", fill("[uwsgi]\nx = ", "$(a", ")\n"), &[]),
        refused("ats.ini", fill("[uwsgi]\nx = ", "@(a", ")\n"), &["ats.ini:2: x:"]),
        legal("placeholders.ini", fill("[uwsgi]\na = \nx = ", "%(a)", "\n"), &[]),
        legal("arithmetic.ini", fill("[uwsgi]\nx = %(", "1 + ", "1)\n"), &[]),
        legal("joined.ini", fill("[uwsgi]\nx = %(", "1 ", "1)\n"), &[]),
        legal("magic.ini", fill("[uwsgi]\nx = ", "%%%n", "\n"), &[]),
        refused("magic-path.ini", fill("[uwsgi]\n;", "%p", "\n"), &["magic-path.ini:1: its magic"]),
        refused("self.ini", "[uwsgi]\na = x%(a)\n", &["self.ini:2: a:", "needs itself"]),
        refused("laughs.ini", format!("[uwsgi]\nl0 = ha\n{laughs}"), &["laughs.ini", "1024 KiB"]),
        refused("deep.ini", format!("[uwsgi]\n{deep}d3000 = 1\n"), &["deep.ini", "64 deep"]),
    ]
}

/// Values that want to grow by what they name.
fn elsewhere() -> Vec<Bad> {
    const FULL: &str = "bring more than 1024 KiB";
    let long = "1".repeat(100_000);
    vec![
        refused("same-file.ini", format!("[uwsgi]\n{}", "x = @(big)\n".repeat(3000)), &[FULL]),
        refused("same-files.ini", fill("[uwsgi]\nx = ", "@(big)", "\n"), &[FULL]),
        legal("same-none.ini", fill("[uwsgi]\nx = ", "$(NONE)", "\n"), &[]),
        refused(
            "joined-long.ini",
            format!("[uwsgi]\nx = {long}\ny = %({})\n", "x ".repeat(100_000)),
            &["joined-long.ini:3: y:", "1024 KiB"],
        ),
        refused(
            "counted-long.ini",
            format!("[uwsgi]\nx = {long}\ny = %({}x)\n", "x ++ + ".repeat(50_000)),
            &["counted-long.ini:3: y:", "1024 KiB"],
        ),
        legal("placeholders-one.ini", fill("[uwsgi]\nx = 1\ny = ", "%(x)", "\n"), &[]),
        legal(
            "placeholders-open.ini",
            fill("[uwsgi]\nx = (\np = %%(\ny = %(p)", "%(x)", "\n"),
            &[],
        ),
        refused(
            "placeholders-sign.ini",
            fill("[uwsgi]\nx = %%(\ny = a", "%(x)", "\n"),
            &["1024 KiB"],
        ),
        legal("placeholders-none.ini", fill("[uwsgi]\nx = \ny = a", "%(x)%", "\n"), &[]),
        legal(
            "not-a-name.ini",
            "[uwsgi]\nmy secret key @( ) = @(exec://x)\n",
            &["not-a-name.ini:2: a line whose name is no option"],
        ),
    ]
}

/// What costs more each time.
fn many() -> Vec<Bad> {
    let names = each(70_000, |n| format!("n{n} "));
    let declared = each(9_900, |n| format!("declare-option = n{n:05}=env=a\n"));
    let unknown = each(9_900, |n| format!("m{n:05} = 1\n"));
    let hosts = |pattern: &str| {
        each(700, |n| {
            format!("if-hostname-match = {}{n}\nendif\n", pattern.repeat(950 / pattern.len()))
        })
    };
    let pattern = "for-glob = /proc/*/task/*/fd/";
    vec![
        legal(
            "fence-names.ini",
            format!("[uwsgi]\nblacklist = {names}\n{}", "threads = 1\n".repeat(19_000)),
            &[],
        ),
        refused(
            "fences.ini",
            format!("[uwsgi]\n{}", "blacklist = x\n".repeat(9_900)),
            &["fences.ini:66: blacklist: more than 64"],
        ),
        refused(
            "fence-loop.ini",
            format!(
                "[uwsgi]\nblacklist = threads\nfor-times = 4096\n{}",
                "threads = 1\n".repeat(40_000)
            ),
            &["fence-loop.ini:4: threads: forbidden"],
        ),
        refused(
            "hosts.ini",
            format!("[uwsgi]\n{}", each(9_000, |n| format!("if-hostname-match = ^{n}\nendif\n"))),
            &["hosts.ini:130: if-hostname-match: more than 64 regular expressions"],
        ),
        refused(
            "hosts-class.ini",
            format!("[uwsgi]\n{}", hosts("[^a]{9}?")),
            &["hosts-class.ini:130"],
        ),
        refused(
            "hosts-case.ini",
            format!("[uwsgi]\n{}", hosts("(?iu:[^a])?")),
            &["hosts-case.ini:130"],
        ),
        refused(
            "globs.ini",
            format!("[uwsgi]\n{}", format!("{pattern}*\nendfor\n").repeat(2000)),
            &["globs.ini:", "for-glob: "],
        ),
        refused(
            "globs-none.ini",
            format!("[uwsgi]\n{}", format!("{pattern}none\nendfor\n").repeat(9_000)),
            &["globs-none.ini:", "look at more than 50000 files"],
        ),
        refused(
            "globs-path.ini",
            format!("[uwsgi]\n{}", "pythonpath = /proc/*/task/*/fd/none\n".repeat(9_000)),
            &["globs-path.ini:", "look at more than 50000 files"],
        ),
        refused(
            "times.ini",
            "[uwsgi]\nfor-times = 4097\nendfor\n",
            &["times.ini:2: for-times: more than 4096"],
        ),
        refused(
            "words.ini",
            fill("[uwsgi]\nfor = ", "x ", "\nendfor\n"),
            &["words.ini:2: for: more than 4096"],
        ),
        refused(
            "loops-nested.ini",
            format!("[uwsgi]\n{}", "for = a\n".repeat(49_000)),
            &["nested"],
        ),
        refused(
            "declared.ini",
            format!("[uwsgi]\n{declared}{unknown}"),
            &["declared.ini:258: declare-option: more than 256"],
        ),
        legal(
            "asked.ini",
            format!("[uwsgi]\n{}", each(9_900, |n| format!("if-opt = n{n:05}\nendif\n"))),
            &[],
        ),
        legal(
            "unknown.ini",
            format!("[uwsgi]\n{}", each(19_900, |n| format!("p{n} = 1\n"))),
            &["more warnings"],
        ),
        refused(
            "lost.ini",
            format!("[uwsgi]\ninclude = none.ini\n{}", each(19_900, |n| format!("p{n} = 1\n"))),
            &["lost.ini:2: include"],
        ),
    ]
}

/// Too long, too many, or none at all.
fn lines() -> Vec<Bad> {
    let items = "x ".repeat(4096);
    let body = each(40_000, |n| format!("v{n} = %(_)\n"));
    vec![
        refused(
            "four-mib.ini",
            format!("[uwsgi]\nx = {}\n", "a".repeat(4 * MIB)),
            &["four-mib.ini", "larger than 1024 KiB"],
        ),
        legal("long-line.ini", fill("[uwsgi]\nx = ", "a", "\n"), &[]),
        legal("brackets.ini", fill("", "[", ""), &["brackets.ini", "[uwsgi] is missing"]),
        refused("bracket-lines.ini", fill("", "[\n", ""), &["more than 50000 lines"]),
        legal("joined-lines.ini", format!("[uwsgi]\nx = {}", "%\n".repeat(40_000)), &[]),
        refused("lines.ini", each(60_000, |n| format!("{n}\n")), &["50000 lines"]),
        refused(
            "keys.ini",
            format!("[uwsgi]\n{}", each(49_000, |n| format!("k{n}\n"))),
            &["keys.ini:", "at most 20000 options"],
        ),
        legal("comments.ini", each(49_000, |_| ";\n".into()), &["[uwsgi]"]),
        legal("empty.ini", Vec::new(), &["[uwsgi]"]),
        refused(
            "loops.ini",
            format!("[uwsgi]\nfor = {items}\n{body}endfor\n"),
            &["loops.ini:", "at most 20000 options"],
        ),
    ]
}

/// What is no text.
fn bytes() -> Vec<Bad> {
    vec![
        refused("nul.ini", "[uwsgi]\na = b\0c\n", &["nul.ini:2", "NUL byte"]),
        refused("nuls.ini", vec![0; MIB], &["nuls.ini:1", "NUL byte"]),
        refused(
            "latin.ini",
            b"[uwsgi]\na = 1\nb = caf\xe9\n".to_vec(),
            &["latin.ini:3", "not valid UTF-8"],
        ),
        refused("noise.ini", noise(), &["noise.ini"]),
        refused(
            "utf16.ini",
            "\u{feff}[uwsgi]\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            &["utf16.ini"],
        ),
        legal("mark.ini", "\u{feff}[uwsgi]\r\na = 1\r\n", &[]),
    ]
}

/// Other languages have other ways to grow.
fn yaml() -> Vec<Bad> {
    let aliases = (b'b'..b'j').map(|one| {
        let (name, before) = (char::from(one), char::from(one - 1));
        format!(
            "  {name}: &{name} [{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}]\n",
            format!("*{before}")
        )
    });
    let aliases: String = aliases.collect();
    vec![
        refused("tab.yaml", "uwsgi:\n\tmaster: true\n", &["tab.yaml:2: a tab"]),
        legal("list.yaml", "- a\n- b\n", &["list.yaml", "[uwsgi] is missing"]),
        legal("empty.yaml", "", &["empty.yaml", "[uwsgi] is missing"]),
        refused(
            "aliases.yaml",
            format!("uwsgi:\n  a: &a [x, x, x, x, x, x, x, x]\n{aliases}"),
            &["aliases.yaml:", "more than 20000 values"],
        ),
        refused("brackets.yaml", fill("uwsgi: ", "[", ""), &["brackets.yaml:1", "brackets"]),
        refused("colons.yaml", fill("uwsgi:\n", ": ", "\n"), &["colons.yaml:2", "64 levels"]),
        refused("nul.yaml", "uwsgi:\n  a: b\0c\n", &["nul.yaml:2", "NUL byte"]),
        refused("latin.yaml", b"uwsgi:\n  a: caf\xe9\n", &["latin.yaml:2", "not valid UTF-8"]),
        legal("escapes.yaml", fill("uwsgi:\n  a: \"", "\\x41", "\"\n"), &[]),
        refused("noise.yaml", noise(), &["noise.yaml:"]),
    ]
}

/// JSON.
fn json() -> Vec<Bad> {
    let many = each(60_000, |n| format!("\"k{n}\": 1, "));
    vec![
        refused("cut.json", "{\"uwsgi\": {\"master\": true", &["cut.json:1", "ends too early"]),
        refused("list.json", "[1]", &["list.json:1", "expected an object"]),
        refused("empty.json", "", &["empty.json:1", "the file is empty"]),
        refused("brackets.json", fill("{\"uwsgi\": ", "[", ""), &["brackets.json:1"]),
        refused(
            "many.json",
            format!("{{\"uwsgi\": {{{many}\"z\": 1}}}}"),
            &["many.json:1", "more than 20000 values"],
        ),
        refused("noise.json", noise(), &["noise.json:"]),
    ]
}

/// XML.
fn xml() -> Vec<Bad> {
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let outside = "<!DOCTYPE x [<!ENTITY b SYSTEM \"file:///etc/hostname\">]>";
    let attributes = each(70_000, |n| format!("a{n}=\"1\" "));
    vec![
        refused("cut.xml", "<uwsgi><master/>", &["cut.xml:1", "not closed"]),
        refused("empty.xml", "", &["empty.xml:1", "no element"]),
        refused(
            "laughs.xml",
            format!("{laughs}<uwsgi><x>&b;</x></uwsgi>"),
            &["laughs.xml:1", "other entities do not exist"],
        ),
        refused(
            "outside.xml",
            format!("{outside}<uwsgi><x>&b;</x></uwsgi>"),
            &["outside.xml:1", "other entities do not exist"],
        ),
        refused("deep.xml", fill("", "<a>", ""), &["deep.xml:1", "64 levels"]),
        legal("attributes.xml", format!("<uwsgi {attributes}/>"), &["attribute"]),
        refused("noise.xml", noise(), &["noise.xml:"]),
    ]
}

/// Bytes without any sense, the same each time.
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..MIB).map(|_| random()).collect()
}

/// What the files above name.
pub(crate) fn helpers(dir: &Path) {
    fs::write(dir.join("big"), "1".repeat(1_000_000)).expect("the directory can be written");
    fs::create_dir(dir.join("parts")).expect("the directory of the test can be written");
    fs::write(dir.join("parts/cycle-half.ini"), "[uwsgi]\ninclude = %d../cycle-pair.ini\n")
        .expect("the directory of the test can be written");
}
