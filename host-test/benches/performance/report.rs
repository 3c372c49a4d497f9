//! Writes the results as data, and as tables in the documentation.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

/// The results of this run. Parts that it does not measure have the results of an earlier run.
pub struct Report {
    parts: Map<String, Value>,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("..").join("performance.json")
}

fn documentation() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("docs").join("performance.md")
}

impl Report {
    /// Loads the results of earlier runs.
    pub fn load() -> Report {
        let text = fs::read_to_string(data()).unwrap_or_default();
        Report { parts: serde_json::from_str(&text).unwrap_or_default() }
    }

    /// Sets the result of a part.
    pub fn put(&mut self, part: &str, result: &impl Serialize) {
        let result = serde_json::to_value(result).expect("results are data");
        self.parts.insert(part.to_owned(), result);
    }

    /// Writes the data, and the tables between their markers if `documented`.
    pub fn save(self, documented: bool) {
        let mut parts = self.parts;
        parts.insert("machine".to_owned(), machine().into());
        let text = serde_json::to_string_pretty(&parts).expect("results are data");
        fs::write(data(), text).expect("a file");
        if !documented {
            return;
        }
        let mut page = fs::read_to_string(documentation()).expect("the page");
        for (part, result) in &parts {
            let table = match part.as_str() {
                "machine" => result.as_str().unwrap_or_default().to_owned() + ".\n",
                "listing" => listing(result),
                "plan" => plan(result),
                "apply" => apply(result),
                "start" => start(result),
                "tenants" => tenants(result),
                "size" => size(result),
                _ => continue,
            };
            page = between(&page, part, &table);
        }
        fs::write(documentation(), page).expect("the page");
    }
}

/// Replaces the text between the markers of a part.
fn between(page: &str, part: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- begin: {part} -->\n"), format!("<!-- end: {part} -->"));
    let from = page.find(&begin).map(|at| at + begin.len());
    let to = page.find(&end);
    let (Some(from), Some(to)) = (from, to) else { panic!("the page has no place for {part}") };
    format!("{}{text}{}", &page[..from], &page[to..])
}

fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model =
        model.map_or("an unknown processor", |line| line.trim_start_matches(['\t', ' ', ':']));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{model}, {cores} cores, {}", std::env::consts::OS)
}

fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// Returns the ratio of guest to native.
fn ratio(row: &Value, of: &str) -> f64 {
    number(row, &format!("/guest/{of}")) / number(row, &format!("/native/{of}"))
}

fn rows(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn listing(result: &Value) -> String {
    let mut table = String::from(
        "| people | latency | window | TLS | component | native | wall | CPU |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows(result.get("rows")) {
        let _ = writeln!(
            table,
            "| {} | {} ms | {} | {} | {:.1} ms | {:.1} ms | **{:.2}** | {:.2} |",
            number(row, "/users"),
            number(row, "/latency_ms"),
            number(row, "/window"),
            if row["tls"].as_bool() == Some(true) { "yes" } else { "no" },
            number(row, "/guest/wall_ms"),
            number(row, "/native/wall_ms"),
            ratio(row, "wall_ms"),
            ratio(row, "cpu_ms"),
        );
    }
    let known = &result["known"];
    let _ = writeln!(
        table,
        "\nWith a known total, {} people at {} ms and a window of {}: {:.1} ms, the ordinary client {:.1} ms, \
         ratio **{:.2}**.",
        number(known, "/users"),
        number(known, "/latency_ms"),
        number(known, "/window"),
        number(known, "/guest/wall_ms"),
        number(known, "/native/wall_ms"),
        ratio(known, "wall_ms"),
    );
    table
}

fn plan(result: &Value) -> String {
    let mut table = String::from(
        "| people | component, CPU | native, CPU | CPU | wall | memory, whole | memory, 1,000 of them |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows(Some(result)) {
        let _ = writeln!(
            table,
            "| {} | {:.1} ms | {:.1} ms | **{:.2}** | {:.2} | {:.1} MiB | {:.1} MiB |",
            number(row, "/users"),
            number(row, "/guest/cpu_ms"),
            number(row, "/native/cpu_ms"),
            ratio(row, "cpu_ms"),
            ratio(row, "wall_ms"),
            number(row, "/memory_mib"),
            number(row, "/memory_of_a_part_mib"),
        );
    }
    table
}

fn apply(result: &Value) -> String {
    let mut table = String::from(
        "| API | people | latency | window | requests | component | native | wall | memory |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows(result.get("rows")) {
        let _ = writeln!(
            table,
            "| {} | {} | {} ms | {} | {} | {:.0} ms | {:.0} ms | **{:.2}** | {:.1} MiB |",
            row["dialect"].as_str().unwrap_or_default(),
            number(row, "/people"),
            number(row, "/latency_ms"),
            number(row, "/window"),
            number(row, "/requests"),
            number(row, "/guest/wall_ms"),
            number(row, "/native/wall_ms"),
            ratio(row, "wall_ms"),
            number(row, "/memory_mib"),
        );
    }
    let throttled = &result["throttled"];
    let _ = writeln!(
        table,
        "\n{} people over `/api/v1` at a quota of {} requests a minute: {:.1} s, of which the quota makes every client \
         wait {:.0} s, ratio **{:.2}**. Nobody failed. Of {} requests {} were refused.",
        number(throttled, "/people"),
        number(throttled, "/quota"),
        number(throttled, "/wall_s"),
        number(throttled, "/allowed_s"),
        number(throttled, "/wall_s") / number(throttled, "/allowed_s"),
        number(throttled, "/requests"),
        number(throttled, "/refused"),
    );
    table
}

fn start(result: &Value) -> String {
    let mut table = String::from("| what | median |\n| --- | --- |\n");
    for (what, of) in [
        ("compile the component", "/compile_us"),
        ("load it, already compiled", "/load_us"),
        ("create an instance and drop it", "/instantiate_us"),
        ("the first call of a host, without a request", "/first_call_us"),
        ("a later call of that kind", "/call_us"),
    ] {
        let us = number(result, of);
        let _ = if us < 1000.0 {
            writeln!(table, "| {what} | {us:.1} us |")
        } else {
            writeln!(table, "| {what} | {:.1} ms |", us / 1000.0)
        };
    }
    table
}

fn tenants(result: &Value) -> String {
    let mut table = format!(
        "| what | measured |\n| --- | --- |\n\
         | tenants that wait for a slow response at the same time | {} |\n\
         | resident memory of the process for each of them | {:.0} KiB |\n\
         | the same, with shared memory counted once | {:.0} KiB |\n\
         | time until all were done, with 20 s of server latency | {:.1} s |\n\n\
         | other tenant | median | 99 of 100 within | 99 of 100 within, over alone |\n\
         | --- | --- | --- | --- |\n",
        number(result, "/parked"),
        number(result, "/kib_each"),
        number(result, "/own_kib_each"),
        number(result, "/all_done_s"),
    );
    for (neighbour, name) in [
        ("alone", "none"),
        ("endless", "an endless loop"),
        ("hog", "a call that uses too much memory"),
        ("failing", "calls that fail at once"),
        ("slow_body", "a slow body"),
        ("flood", "a server that sends `100 Continue` without end"),
    ] {
        let p99 = number(result, &format!("/{neighbour}/p99_ms"));
        let _ = writeln!(
            table,
            "| {name} | {:.1} ms | {p99:.1} ms | **{:.2}** |",
            number(result, &format!("/{neighbour}/median_ms")),
            p99 / number(result, "/alone/p99_ms"),
        );
    }
    table
}

fn size(result: &Value) -> String {
    let kb = |bytes: f64| bytes / 1000.0;
    let mut table = format!(
        "| part | size |\n| --- | --- |\n| the component | {:.0} KB |\n| gzipped | {:.0} KB |\n\
         | data: texts and tables | {:.0} KB |\n",
        kb(number(result, "/bytes")),
        kb(number(result, "/gzipped")),
        kb(number(result, "/data")),
    );
    for share in rows(result.get("code")) {
        let name = share[0].as_str().unwrap_or_default();
        let _ = writeln!(table, "| code of `{name}` | {:.1} KB |", kb(number(share, "/1")));
    }
    table
}
