//! A refusal for people on a terminal and for machines as JSON.

use crate::NO_WAY_ROUND;
use crate::text::{visible, wrap};
use guard_core::refusal::Refusal;
use serde_json::json;

const LABEL_WIDTH: usize = 9;
const INDENT: &str = "    ";
/// Where values are wrapped, in characters from the first column.
const WIDTH: usize = 110;

/// A refusal as a person reads it: the rule, the target, the reason, the way forward, and where to read more. Ends with a line
/// break. `colour` adds ANSI colours; without it there is no escape sequence in it, whatever the values hold.
#[must_use]
pub fn terminal(refusal: &Refusal, colour: bool) -> String {
    let paint =
        |code: &str, text: &str| if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() };
    let mut shown =
        format!("{} {}  {}\n", paint("31", "✖"), paint("1;31", refusal.rule.name()), visible(&refusal.summary));
    let mut row = |label: &str, value: &str| {
        let lines = wrap(&visible(value), WIDTH - INDENT.len() - LABEL_WIDTH);
        for (number, line) in lines.iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            shown.push_str(INDENT);
            shown.push_str(&paint("2", &format!("{label:<LABEL_WIDTH$}")));
            shown.push_str(line);
            shown.push('\n');
        }
    };
    if let Some(target) = &refusal.target {
        let source = if target.source.is_empty() { String::new() } else { format!("   ({})", target.source) };
        row("target", &format!("{}  {}{source}", target.class, target.name));
    }
    row("why", &refusal.why);
    row("instead", &refusal.instead);
    row("more", &format!("npx prisma-guard explain {}", refusal.rule));
    row("note", NO_WAY_ROUND);
    shown
}

/// A refusal for machines: one object on one line, without a line break at its end.
#[must_use]
pub fn json(refusal: &Refusal) -> String {
    json!({
        "rule": refusal.rule.name(),
        "exitCode": refusal.exit_code(),
        "summary": refusal.summary,
        "target": refusal.target.as_ref().map(|target| json!({
            "class": target.class,
            "name": target.name,
            "source": target.source,
        })),
        "why": refusal.why,
        "instead": refusal.instead,
        "more": format!("npx prisma-guard explain {}", refusal.rule),
        "note": NO_WAY_ROUND,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::{json, terminal};
    use guard_core::refusal::Refusal;
    use guard_core::rule::Rule;

    fn refusal() -> Refusal {
        Refusal::new(
            Rule::DirectExecution,
            "`prisma migrate deploy` runs only inside an approved deployment",
            "no approval reached this process; PRISMA_DEPLOYMENT_APPROVED alone opens nothing",
        )
        .about("production", "postgresql://db.prod.example.com:5432/shop", "DATABASE_URL, .env")
    }

    #[test]
    fn a_refusal_has_the_one_shape() {
        insta::assert_snapshot!(terminal(&refusal(), false), @r"
        ✖ direct-execution  `prisma migrate deploy` runs only inside an approved deployment
            target   production  postgresql://db.prod.example.com:5432/shop   (DATABASE_URL, .env)
            why      no approval reached this process; PRISMA_DEPLOYMENT_APPROVED alone opens nothing
            instead  merge to main; CI runs `npm run deploy`
            more     npx prisma-guard explain direct-execution
            note     no flag and no environment variable changes this answer
        ");
    }

    #[test]
    fn a_long_reason_is_wrapped_under_its_label() {
        let long =
            Refusal::new(Rule::DatabaseUrlMisuse, "short", "this reason goes on for a good while, ".repeat(4).trim());
        insta::assert_snapshot!(terminal(&long, false), @r"
        ✖ database-url-misuse  short
            why      this reason goes on for a good while, this reason goes on for a good while, this reason goes on
                     for a good while, this reason goes on for a good while,
            instead  use a local database, or declare the database in prisma-guard.json under nonProduction.databases
                     if it holds nothing that matters
            more     npx prisma-guard explain database-url-misuse
            note     no flag and no environment variable changes this answer
        ");
    }

    #[test]
    fn every_rule_can_be_shown_and_names_its_explanation() {
        for rule in Rule::ALL {
            let shown = terminal(&Refusal::new(*rule, "s", "w"), false);
            assert!(shown.contains(&format!("npx prisma-guard explain {rule}\n")), "{shown}");
            assert!(shown.lines().all(|line| line.chars().count() <= super::WIDTH), "{shown}");
        }
    }

    #[test]
    fn a_value_cannot_drive_the_terminal_or_forge_a_line() {
        let hostile = Refusal::new(Rule::DirectExecution, "a\n✔ all is well", "b\u{1b}]0;title\u{7}").about(
            "production\u{1b}[2J",
            "file:x\r\n",
            "\u{202e}",
        );
        let shown = terminal(&hostile, false);
        assert_eq!(shown.lines().count(), 6, "{shown}");
        assert!(!shown.chars().any(|character| character.is_control() && character != '\n'), "{shown}");
    }

    #[test]
    fn colour_is_only_around_text_and_always_reset() {
        let shown = terminal(&refusal(), true);
        assert_eq!(shown.matches("\u{1b}[0m").count() * 2, shown.matches("\u{1b}[").count());
        assert!(!terminal(&refusal(), false).contains('\u{1b}'));
    }

    #[test]
    fn the_json_holds_everything_on_one_line() {
        insta::assert_snapshot!(json(&refusal()), @r#"{"exitCode":77,"instead":"merge to main; CI runs `npm run deploy`","more":"npx prisma-guard explain direct-execution","note":"no flag and no environment variable changes this answer","rule":"direct-execution","summary":"`prisma migrate deploy` runs only inside an approved deployment","target":{"class":"production","name":"postgresql://db.prod.example.com:5432/shop","source":"DATABASE_URL, .env"},"why":"no approval reached this process; PRISMA_DEPLOYMENT_APPROVED alone opens nothing"}"#);
    }
}
