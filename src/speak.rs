//! How the package speaks: errors that JavaScript can catch, and refusals that nothing can.

use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::system::environment::Environment;
use std::io::{IsTerminal as _, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The form in which `js/native.js` expects a refusal, to make a `GuardError` of it; `shown` is what stands on standard error where nobody catches it.
pub(crate) fn thrown(refusal: &Refusal) -> napi::Error {
    let message = serde_json::json!({
        "rule": refusal.rule.name(),
        "exitCode": refusal.exit_code(),
        "message": format!("{}: {}. Instead: {}", refusal.summary, refusal.why, refusal.instead),
        "details": refusal,
        "shown": on_standard_error(refusal),
    });
    napi::Error::from_reason(message.to_string())
}

/// Runs what looks or works: a refusal, and a panic too, becomes an error that can be caught.
pub(crate) fn looking<T>(body: impl FnOnce() -> Result<T, Refusal>) -> napi::Result<T> {
    guarded(body).map_err(|refusal| thrown(&refusal))
}

/// Runs what enforces: a refusal, and a panic too, ends the process.
pub(crate) fn enforcing<T>(body: impl FnOnce() -> Result<T, Refusal>) -> T {
    guarded(body).unwrap_or_else(|refusal| end(&refusal))
}

/// Runs a body whose panic becomes a refusal. The panic's own message is kept back: it may hold what the body worked on.
pub(crate) fn guarded<T>(body: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    static QUIET: std::sync::Once = std::sync::Once::new();
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        Err(Refusal::new(Rule::InternalError, "the guard itself failed", "it met a case that it was not built for"))
    })
}

/// Shows a refusal on standard error, and under GitHub Actions as an annotation and in the job summary too.
pub(crate) fn show(refusal: &Refusal) {
    write_fully(&mut std::io::stderr().lock(), on_standard_error(refusal).as_bytes());
    let environment = Environment::of_process();
    if environment.get("GITHUB_ACTIONS") == Some("true")
        && let Some(summary) = environment.non_empty("GITHUB_STEP_SUMMARY")
        && let Ok(mut file) = std::fs::OpenOptions::new().append(true).open(summary)
    {
        write_fully(&mut file, guard_report::github_summary(refusal).as_bytes());
    }
}

/// A refusal as it stands on standard error: for people, and under GitHub Actions as an annotation too.
fn on_standard_error(refusal: &Refusal) -> String {
    let environment = Environment::of_process();
    let colour = std::io::stderr().is_terminal() && environment.non_empty("NO_COLOR").is_none();
    let mut text = guard_report::terminal(refusal, colour);
    if environment.get("GITHUB_ACTIONS") == Some("true") {
        // A workflow command must stand on a line of its own; the runner reads both streams.
        text.push_str(&guard_report::github(refusal));
    }
    text
}

/// Whether standard output is a terminal that wants colour.
pub(crate) fn coloured_output() -> bool {
    std::io::stdout().is_terminal() && Environment::of_process().non_empty("NO_COLOR").is_none()
}

/// One line on standard error.
pub(crate) fn note(line: &str) {
    write_fully(
        &mut std::io::stderr().lock(),
        format!("prisma-guard: {}\n", guard_report::text::visible(line)).as_bytes(),
    );
}

/// One line on standard output. A closed pipe is nobody's business here.
pub(crate) fn say(line: &str) {
    write_fully(&mut std::io::stdout().lock(), format!("{line}\n").as_bytes());
}

/// Shows the refusal and ends the process at once, from any thread: no handler of Node or of the application runs.
pub(crate) fn end(refusal: &Refusal) -> ! {
    show(refusal);
    leave(refusal.exit_code())
}

/// Ends the process at once.
pub(crate) fn leave(exit_code: i32) -> ! {
    // SAFETY: `_exit` (POSIX.1-2017, _exit(2)) takes any integer, touches no memory of ours and does not return. `std::process::exit`
    // would run the C library's exit handlers, among them Node's own, which may not run on a worker's thread.
    #[expect(unsafe_code, reason = "the standard library has no way to end a process without exit handlers")]
    unsafe {
        libc::_exit(exit_code)
    }
}

/// Writes everything, or as much as the other side takes within two seconds: Node makes pipes non-blocking, and a refusal that is cut
/// in half because a reader is slow names no way forward.
fn write_fully(stream: &mut impl Write, mut bytes: &[u8]) {
    let mut patience = 200_u32;
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return,
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && patience > 0 => {
                patience -= 1;
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            Err(_) => return,
        }
    }
    // Standard output is line-buffered by the standard library: what is left there would be lost with `_exit`.
    let _ = stream.flush();
}
