//! `sample.ini` of the tutorials: Django in a virtual environment, behind nginx over a UNIX socket.
//!
//! It runs in a mount namespace of its own, where /home and /etc/uwsgi are the test's directories.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use tests::http::{self, Client};
use tests::nginx::Nginx;
use tests::process::Process;
use tests::server::{End, SOON};
use tests::{Dir, Run, Server, Subject, apps, eventually, programs, python, root, subject};

/// The path of the socket, as sample.ini computes it.
const SOCKET: &str = "/home/django/sample/sample.sock";

/// A laid out machine with an Emperor and nginx on it.
struct Site {
    emperor: Server,
    nginx: Server,
    front: SocketAddr,
    dir: Dir,
}

impl Site {
    /// Starts everything; `None` when something is missing here.
    fn start(ini: &str) -> Option<Self> {
        if !root() {
            return None;
        }
        python::prepared()?;
        let dir = Dir::new();
        dir.mkdir("home");
        dir.write("etc/sites/sample.ini", ini);
        dir.write(
            "etc/emperor.ini",
            format!(
                "[uwsgi]\nemperor = /etc/uwsgi/sites\nuid = 4101\ngid = www-data\n{}",
                match subject() {
                    Subject::Ours => format!(
                        "api-socket = {0}/api.sock\nstate-dir = {0}/state\n",
                        dir.path().display()
                    ),
                    Subject::Uwsgi =>
                        "plugins = python3\nvassal-set = plugins=python3\n".to_owned(),
                }
            ),
        );
        let program = match subject() {
            Subject::Ours => programs::ours("emperor"),
            Subject::Uwsgi => programs::original(),
        };
        let emperor = Run::program(&dir, programs::find("unshare")?)
            .args(["--mount", "--propagation", "private"])
            .args([apps().join("django/lay-out"), dir.path().to_owned(), python::wheels(), program])
            .args(["--ini", "/etc/uwsgi/emperor.ini"])
            .start();
        let socket = dir.join("home/django/sample/sample.sock");
        eventually("the vassal answers", 4 * SOON, || {
            assert!(emperor.process().alive(), "{}", emperor.tail());
            tests::uwsgi::ask(socket.as_path(), "GET", "/admin/login/", b"")
                .map_err(|error| format!("{error}\n{}", emperor.tail()))
        });
        let inside = format!(
            "client_max_body_size 10m;\n\
             location /static/ {{ alias {}/; }}\n\
             location / {{ include /etc/nginx/uwsgi_params; uwsgi_pass unix:{}; }}\n",
            dir.join("home/django/sample/static").display(),
            dir.join("home/django/sample/sample.sock").display(),
        );
        let Nginx { server: nginx, address: front } = Nginx::start(&dir, "", &inside)?;
        Some(Self { emperor, nginx, front, dir })
    }

    /// Everything below the Emperor.
    fn processes(&self) -> impl Iterator<Item = Process> {
        self.emperor.process().descendants().into_iter()
    }

    /// Stops all; `vacuum` removed the socket.
    fn stop(self) {
        let socket = self.dir.join("home/django/sample/sample.sock");
        assert!(socket.exists());
        assert_eq!(self.emperor.stop(), End::Code(0));
        if subject() == Subject::Ours {
            assert!(!socket.exists(), "vacuum removes the socket at the stop");
        }
        self.nginx.kill();
    }
}

/// sample.ini as the tutorials have it.
fn sample() -> String {
    fs::read_to_string(apps().join("django/sample.ini")).expect("sample.ini is in the repository")
}

/// The value of a cookie that an answer sets.
fn cookie(answer: &http::Response, name: &str) -> Option<String> {
    answer
        .headers
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie"))
        .find_map(|(_, value)| value.strip_prefix(name)?.strip_prefix('=')?.split(';').next())
        .map(str::to_owned)
}

#[test]
fn sample_ini_serves_the_admin_static_files_a_form_and_an_upload() {
    let Some(site) = Site::start(&sample()) else { return };

    // the login page, and the stylesheet it names, which nginx serves by alias
    let page = http::get(site.front, "/admin/login/").unwrap();
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Django administration"), "{}", page.text());
    let style = http::get(site.front, "/static/admin/css/base.css").unwrap();
    assert_eq!((style.status, style.header("content-type")), (200, Some("text/css")));

    // the form: wrong and right password, then a page that needs the session
    let token = cookie(&page, "csrftoken").expect("the page sets a token");
    let login = |password: &str| {
        let form =
            format!("csrfmiddlewaretoken={token}&username=admin&password={password}&next=/admin/");
        let lines = [
            format!("Cookie: csrftoken={token}"),
            "Content-Type: application/x-www-form-urlencoded".to_owned(),
            format!("Referer: http://{}/admin/login/", site.front),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        http::ask(site.front, "POST", "/admin/login/?next=/admin/", &lines, form.as_bytes())
            .unwrap()
    };
    assert_eq!(login("wrong").status, 200, "the form again");
    let entered = login("correct-horse");
    assert_eq!((entered.status, entered.header("location")), (302, Some("/admin/")));
    let session = cookie(&entered, "sessionid").expect("a session");
    let line = format!("Cookie: sessionid={session}");
    let inside = http::ask(site.front, "GET", "/admin/", &[&line], b"").unwrap();
    assert!(inside.text().contains("Site administration"), "{}", inside.text());

    // five megabytes, whole
    let data: Vec<u8> = (0..5 * 1024 * 1024_u32).map(|n| (n % 249) as u8).collect();
    let file = site.dir.write("upload.bin", &data);
    let sum = Command::new("sha256sum").arg(&file).output().unwrap();
    let sum = String::from_utf8_lossy(&sum.stdout).split_whitespace().next().unwrap().to_owned();
    let mut body =
        b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n".to_vec();
    body.extend(&data);
    body.extend(b"\r\n--edge--\r\n");
    let lines = ["Content-Type: multipart/form-data; boundary=edge"];
    let answer = http::ask(site.front, "POST", "/upload", &lines, &body).unwrap();
    assert_eq!(answer.text(), format!("{} {sum}", data.len()));

    // many requests on one kept connection of nginx
    let mut client = Client::connect(site.front).unwrap();
    for _ in 0..50 {
        assert_eq!(client.get("/admin/login/").unwrap().status, 200);
    }

    // the venv's own interpreter, as the user of emperor.ini
    let pythons: Vec<Process> = site.processes().filter(|process| process.is_python()).collect();
    if subject() == Subject::Ours {
        assert!(pythons.len() >= 3, "a nursery and two workers: {pythons:?}");
    }
    for process in pythons {
        let status = process.status().unwrap();
        assert_eq!((status.uids, status.gids), (vec![4101; 4], vec![33; 4]));
    }
    site.stop();
}

#[test]
fn sample_ini_without_its_section_line_serves_and_says_what_was_assumed() {
    if !tests::only(Subject::Ours) {
        return;
    }
    let Some(site) = Site::start(&sample().replace("[uwsgi]\n", "")) else { return };
    assert_eq!(http::get(site.front, "/admin/login/").unwrap().status, 200);
    let warned = site.emperor.log();
    assert!(warned.contains("[uwsgi]") && warned.contains("sample.ini"), "{warned}");
    site.stop();
}

#[test]
fn the_socket_has_the_mode_and_owner_that_the_file_says() {
    use std::os::unix::fs::MetadataExt;
    let Some(site) = Site::start(&sample()) else { return };
    let seen = fs::metadata(site.dir.join("home/django/sample/sample.sock")).unwrap();
    assert_eq!((seen.uid(), seen.gid(), seen.mode() & 0o777), (4101, 33, 0o664));
    assert!(!Path::new(SOCKET).exists(), "the machine's own /home is untouched");
    site.stop();
}
