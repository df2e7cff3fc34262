use super::*;

/// A record, padded to eight bytes as some web servers do.
fn padded(kind: u8, id: u16, content: &[u8], padding: u8) -> Vec<u8> {
    let mut bytes = record(kind, id, content.len()).to_vec();
    bytes[6] = padding;
    bytes.extend_from_slice(content);
    bytes.extend(std::iter::repeat_n(0xee, padding.into()));
    bytes
}

fn begin(id: u16, role: u8, flags: u8) -> Vec<u8> {
    padded(BEGIN_REQUEST, id, &[0, role, flags, 0, 0, 0, 0, 0], 0)
}

fn params(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in pairs {
        for size in [name.len(), value.len()] {
            match u8::try_from(size) {
                Ok(short) if short < 0x80 => block.push(short),
                _ => block.extend((size as u32 | 1 << 31).to_be_bytes()),
            }
        }
        block.extend(name.bytes().chain(value.bytes()));
    }
    block
}

/// BEGIN_REQUEST and PARAMS in records of that many bytes.
fn request_of(pairs: &[(&str, &str)], step: usize) -> Vec<u8> {
    let mut bytes = begin(1, 1, KEEP_CONN);
    for piece in params(pairs).chunks(step) {
        bytes.extend(padded(PARAMS, 1, piece, 3));
    }
    bytes.extend(padded(PARAMS, 1, &[], 0));
    bytes
}

const GET: [(&str, &str); 4] = [
    ("REQUEST_METHOD", "GET"),
    ("PATH_INFO", "/a"),
    ("QUERY_STRING", "b=c"),
    ("CONTENT_LENGTH", ""),
];

#[test]
fn params_may_come_in_records_and_reads_of_any_size() {
    let long = "x".repeat(300);
    let pairs = [&GET[..], &[("HTTP_X_LONG", &long)]].concat();
    let mut request = Request::default();
    for step in [1, 2, 7, 20, 1000] {
        let bytes = request_of(&pairs, step);
        for cut in 0..bytes.len() {
            let seen = parse(&bytes[..cut], &mut request, 4);
            assert_eq!(seen, Packet::Request(Parsed::Incomplete), "{step} {cut}");
        }
        let seen = parse(&bytes, &mut request, 4);
        assert_eq!(seen, Packet::Request(Parsed::Complete(bytes.len())), "{step}");
        assert_eq!(request.bytes(&bytes, request.path), b"/a");
        assert_eq!(request.bytes(&bytes, request.query), b"b=c");
        assert_eq!(request.bytes(&bytes, request.fields[4].value), long.as_bytes());
        assert_eq!((request.stream, request.keep_alive), (1, true));
        assert_eq!(request.length, Length::Stream);
    }
}

#[test]
fn what_comes_between_is_answered_and_taken_out() {
    let good = request_of(&GET, 20);
    let values = params(&[("FCGI_MPXS_CONNS", ""), ("FCGI_MAX_REQS", ""), ("FCGI_OTHER", "")]);
    let result = |content: &[u8]| padded(GET_VALUES_RESULT, 0, content, 0);
    let ended = |id, status| padded(END_REQUEST, id, &[0, 0, 0, 0, status, 0, 0, 0], 0);
    let cases = [
        (padded(GET_VALUES, 0, &values, 5), {
            result(&params(&[("FCGI_MAX_REQS", "4"), ("FCGI_MPXS_CONNS", "0")]))
        }),
        (padded(GET_VALUES, 0, &[255, 1], 0), result(&[])),
        (padded(77, 0, b"what", 0), padded(UNKNOWN_TYPE, 0, &[77, 0, 0, 0, 0, 0, 0, 0], 0)),
        (begin(2, 1, 0), ended(2, 1)),
        (padded(PARAMS, 2, b"for nobody", 0), Vec::new()),
        (padded(STDIN, 2, b"", 0), Vec::new()),
        (padded(ABORT_REQUEST, 2, b"", 0), Vec::new()),
        (padded(8, 1, b"data", 0), Vec::new()),
    ];
    let mut request = Request::default();
    for (between, answer) in &cases {
        let input = [&good[..16], between, &good[16..]].concat();
        let place = 16..16 + between.len();
        let (places, answer) = (vec![place], answer.clone());
        let Packet::Aside(aside) = parse(&input, &mut request, 4) else { panic!("{between:?}") };
        assert_eq!(aside, Asides { places, answer, close: false }, "{between:?}");
        assert_eq!(aside.cut(&input), good);
    }
    assert!(matches!(parse(&good, &mut request, 4), Packet::Request(Parsed::Complete(_))));
    // all of them at once, before, within and behind the request
    let all: Vec<u8> = cases.iter().flat_map(|(between, _)| between.clone()).collect();
    let answers: Vec<u8> = cases.iter().flat_map(|(_, answer)| answer.clone()).collect();
    let before = padded(GET_VALUES, 0, &values, 0);
    let input = [&before[..], &good[..16], &all, &good[16..], &before].concat();
    let Packet::Aside(asides) = parse(&input, &mut request, 4) else { panic!("no asides") };
    let within = before.len() + 16;
    assert_eq!(asides.places, [0..before.len(), within..within + all.len()]);
    assert!(asides.answer.ends_with(&answers) && !asides.close);
    assert_eq!(asides.cut(&input), [&good[..], &before].concat());
    // other roles are not played, and an abandoned request is over
    for (keep, close) in [(KEEP_CONN, false), (0, true)] {
        let asides = |place, answer| Packet::Aside(Asides { places: vec![place], answer, close });
        let seen = parse(&begin(1, 2, keep), &mut request, 4);
        assert_eq!(seen, asides(0..16, ended(1, 3)));
        let input = [begin(1, 1, keep), padded(ABORT_REQUEST, 1, b"", 0)].concat();
        assert_eq!(parse(&input, &mut request, 4), asides(0..24, ended(1, 0)));
    }
}

#[test]
fn thousands_of_asides_are_taken_in_one_walk() {
    let mut request = Request::default();
    let good = request_of(&GET, 1000);
    let aside = padded(ABORT_REQUEST, 9, b"", 0);
    let input = [&good[..16], &aside.repeat(20_000), &good[16..]].concat();
    let Packet::Aside(asides) = parse(&input, &mut request, 4) else { panic!("no asides") };
    assert_eq!(asides.cut(&input), good, "although they are more than a head may be");
    // an abandoned request goes with what stood between
    let kept = [begin(1, 1, KEEP_CONN), aside, padded(ABORT_REQUEST, 1, b"", 0)].concat();
    let Packet::Aside(asides) = parse(&[&kept[..], &good].concat(), &mut request, 4) else {
        panic!("no asides")
    };
    assert_eq!(asides.places, std::slice::from_ref(&(0..kept.len())));
}

#[test]
fn wrong_records_are_refused() {
    let with = |content: &[u8]| {
        [begin(1, 1, 0), padded(PARAMS, 1, content, 0), padded(PARAMS, 1, &[], 0)].concat()
    };
    let many: Vec<u8> = (0..2000).flat_map(|_| padded(PARAMS, 1, b"a", 0)).collect();
    let large: Vec<u8> = (0..3).flat_map(|_| padded(PARAMS, 1, &vec![7; 30_000], 0)).collect();
    let mut request = Request::default();
    for (bytes, status) in [
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), 400),
        (vec![2, 1, 0, 1, 0, 8, 0, 0], 0),
        (b"\x16\x03\x01".to_vec(), 0),
        (begin(0, 1, 0), 0),
        (padded(BEGIN_REQUEST, 1, &[0, 1], 0), 0),
        ([begin(1, 1, 0), begin(1, 1, 0)].concat(), 400),
        ([begin(1, 1, 0), padded(STDIN, 1, b"x", 0)].concat(), 400),
        (with(&[]), 400),
        (with(&[5]), 400),
        (with(&[5, 1, b'x']), 400),
        (with(&[0, 1, b'x']), 400),
        (with(&[0xff, 0xff, 0xff, 0xff, 1, b'x']), 400),
        (with(&[0x80, 0, 0]), 400),
        (with(&params(&[("PATH_INFO", "/")])), 400),
        (with(&params(&[("REQUEST_METHOD", "GET"), ("CONTENT_LENGTH", "-1")])), 400),
        (with(&params(&[("CONTENT_LENGTH", "1"), ("CONTENT_LENGTH", "2")])), 400),
        ([begin(1, 1, 0), many].concat(), 431),
        ([begin(1, 1, 0), large].concat(), 431),
    ] {
        match parse(&bytes, &mut request, 4) {
            Packet::Request(Parsed::Refused(refusal)) => {
                assert_eq!(refusal.status, status, "{}", refusal.reason);
            }
            other => panic!("{:?}: {other:?}", &bytes[..bytes.len().min(40)]),
        }
    }
}

#[test]
fn the_path_is_the_applications_where_nobody_split_it() {
    let mut request = Request::default();
    for (pairs, path, script) in [
        // nginx with its own fastcgi_params
        (&[("SCRIPT_NAME", "/x/y"), ("DOCUMENT_URI", "/x/y")][..], "/x/y", ""),
        (&[("SCRIPT_NAME", "/x"), ("DOCUMENT_URI", "/x/y")], "/x/y", "/x"),
        // Apache's proxy
        (&[("SCRIPT_NAME", "/x"), ("SCRIPT_FILENAME", "proxy:fcgi://h:1/x")], "/x", ""),
        (&[("SCRIPT_NAME", "/m/a b"), ("SCRIPT_FILENAME", "proxy:fcgi://h:1/a%20b")], "/a b", "/m"),
        (&[("SCRIPT_NAME", "/x"), ("SCRIPT_FILENAME", "proxy:unix:/a|fcgi://h/x")], "/x", ""),
        (&[("SCRIPT_NAME", "/x"), ("SCRIPT_FILENAME", "proxy:fcgi://h/srv/x.py")], "/x", ""),
        (&[("SCRIPT_NAME", "/x"), ("SCRIPT_FILENAME", "proxy:fcgi://h/%zz")], "", "/x"),
        // HAProxy, told how to split and not
        (&[("SCRIPT_NAME", "/x/y"), ("SERVER_SOFTWARE", "HAProxy 2.6")], "/x/y", ""),
        (&[("SCRIPT_NAME", "/"), ("PATH_INFO", "x/y")], "/x/y", ""),
        (&[("SCRIPT_NAME", "/m/"), ("PATH_INFO", "x")], "/x", "/m"),
        (&[("SCRIPT_NAME", "/"), ("PATH_INFO", "")], "", "/"),
        // a mount point without anything behind it
        (&[("SCRIPT_NAME", "/x"), ("SCRIPT_FILENAME", "/srv/x")], "", "/x"),
        (&[("SCRIPT_NAME", "/x"), ("PATH_INFO", ""), ("DOCUMENT_URI", "/x")], "", "/x"),
    ] {
        let pairs = [&[("REQUEST_METHOD", "GET")], pairs].concat();
        let bytes = request_of(&pairs, 1000);
        assert!(matches!(parse(&bytes, &mut request, 1), Packet::Request(Parsed::Complete(_))));
        let at = cgi::find(&bytes, &request, b"SCRIPT_NAME").unwrap();
        assert_eq!(request.bytes(&bytes, request.fields[at].value), script.as_bytes(), "{pairs:?}");
        assert_eq!(request.bytes(&bytes, request.path), path.as_bytes(), "{pairs:?}");
    }
}

/// The data, the answers, how much was used, and whether it was given up.
type Decoded = (Vec<u8>, Vec<u8>, usize, bool);

/// Decodes in pieces.
fn decode(wire: &[u8], step: usize, length: Length) -> Result<Decoded, &'static str> {
    let mut decoder = Stdin::new(1, length, 4);
    let (mut data, mut used) = (Vec::new(), 0);
    while !decoder.done() && used < wire.len() {
        let end = (used + step).min(wire.len());
        let taken = decoder.decode(&wire[used..end], |bytes| {
            data.extend_from_slice(bytes);
            Ok(())
        });
        used += taken.map_err(|refusal| refusal.reason)?;
    }
    if !decoder.done() {
        return Err("not done");
    }
    Ok((data, decoder.answers(), used, decoder.aborted()))
}

#[test]
fn a_body_is_taken_out_of_its_records() {
    let mut wire = padded(STDIN, 1, b"hello ", 2);
    wire.extend(padded(GET_VALUES, 0, &params(&[("FCGI_MPXS_CONNS", "")]), 1));
    wire.extend(begin(2, 1, 0));
    wire.extend(padded(STDIN, 2, b"not mine", 0));
    wire.extend(padded(STDIN, 1, b"world", 0));
    wire.extend(padded(STDIN, 1, b"", 4));
    let end = wire.len();
    wire.extend(begin(1, 1, 0));
    let mut answers = padded(GET_VALUES_RESULT, 0, &params(&[("FCGI_MPXS_CONNS", "0")]), 0);
    answers.extend(end_request(2, Protocol::CantMultiplex));
    for step in 1..wire.len() {
        for length in [Length::Known(11), Length::Stream] {
            let seen = decode(&wire, step, length).unwrap();
            assert_eq!(seen, (b"hello world".to_vec(), answers.clone(), end, false), "{step}");
        }
    }
    assert!(decode(&wire, 50, Length::Known(12)).unwrap_err().contains("shorter"));
    assert!(decode(&wire, 50, Length::Known(10)).unwrap_err().contains("longer"));
    assert!(decode(&wire, 50, Length::None).unwrap_err().contains("longer"));
    assert!(decode(&wire[..end - 5], 50, Length::Stream).is_err(), "cut off");
    assert!(decode(&begin(1, 1, 0), 50, Length::Stream).is_err());
    assert!(decode(b"GET / HTTP/1.1\r\n", 50, Length::Stream).is_err());
}

#[test]
fn a_body_may_be_given_up() {
    let wire = [padded(STDIN, 1, b"half", 0), padded(ABORT_REQUEST, 1, b"", 0)].concat();
    for step in 1..wire.len() {
        let (_, answers, used, aborted) = decode(&wire, step, Length::Known(50)).unwrap();
        assert_eq!((used, aborted), (wire.len(), true));
        assert_eq!(answers, end_request(1, Protocol::RequestComplete));
    }
}

#[test]
fn a_body_that_is_at_hand_is_not_copied() {
    let record = |content: &[u8]| padded(STDIN, 1, content, 1);
    let both = [record(b"hello"), record(b"")].concat();
    assert_eq!(whole(&both, 1, Length::Known(5)), Some((8..13, both.len())));
    assert_eq!(whole(&both, 1, Length::Stream), Some((8..13, both.len())));
    assert_eq!(whole(&record(b""), 1, Length::None), Some((0..0, 9)));
    assert_eq!(whole(&record(b""), 1, Length::Stream), Some((0..0, 9)));
    // everything else takes the decoder, or more bytes
    for length in [Length::None, Length::Known(4), Length::Known(6)] {
        assert_eq!(whole(&both, 1, length), None);
    }
    assert_eq!(whole(&both, 2, Length::Known(5)), None);
    assert_eq!(whole(&both[..both.len() - 1], 1, Length::Known(5)), None);
    assert_eq!(whole(&record(b"hello"), 1, Length::Known(5)), None);
    assert_eq!(whole(b"", 1, Length::None), None);
}

#[test]
fn our_own_question_is_a_request() {
    let bytes = question(&GET);
    let mut request = Request::default();
    let Packet::Request(Parsed::Complete(end)) = parse(&bytes, &mut request, 1) else {
        panic!("not complete")
    };
    assert_eq!(whole(&bytes[end..], 1, request.length), Some((0..0, 8)));
    assert!(!request.keep_alive);
}

#[test]
fn a_cut_head_is_shown_as_far_as_it_goes() {
    let bytes = request_of(&GET, 9);
    let mut request = Request::default();
    parse_cut(&bytes[..80], &mut request);
    assert_eq!(request.bytes(&bytes, request.fields[0].value), b"GET");
    for cut in 0..bytes.len() {
        parse_cut(&bytes[..cut], &mut request);
    }
}
