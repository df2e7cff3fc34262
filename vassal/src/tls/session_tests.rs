use super::*;

#[test]
fn the_answer_to_plain_http_is_as_long_as_it_says() {
    let text = std::str::from_utf8(PLAIN).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{}", body.len());
}
