//! What each command does.

mod account;
mod artifacts;
mod attach;
mod cancel;
mod completions;
mod jobs;
mod languages;
mod rerun;
mod run;
mod runner;
mod status;
mod test;
mod trusting;
mod watch;

use std::path::PathBuf;

use protocol::Secret;

use crate::args::{Args, Command, ViewArgs};
use crate::client::Link;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::{self, Account, Masters};
use crate::terminal;
use crate::trust::Wishes;

/// Where the controllers are, found out only when a command needs it: a broken configuration file must not keep
/// `completions` from working.
struct Address {
    given: Option<Masters>,
    account: Account,
    /// The folder for what programs remember, where one is known.
    state_home: Option<PathBuf>,
}

impl Address {
    fn masters(&self) -> Result<Masters, Failure> {
        settings::masters(self.given.clone(), self.account.config_folder.as_deref())
    }

    /// The same as somebody who shows this token.
    fn with_token(&self, token: Secret) -> Self {
        let account = Account { token: Some(token), ..self.account.clone() };
        self.of(account)
    }

    /// The same as somebody who shows no token.
    fn without_token(&self) -> Self {
        self.of(Account { token: None, is_stranger: true, ..self.account.clone() })
    }

    /// The same with other controllers, where any are given.
    fn at(&self, controllers: Option<Masters>) -> Self {
        let given = controllers.or_else(|| self.given.clone());
        Self { given, ..self.of(self.account.clone()) }
    }

    fn of(&self, account: Account) -> Self {
        Self { given: self.given.clone(), account, state_home: self.state_home.clone() }
    }

    /// Connects to the first controller that takes the connection.
    async fn connect(&self) -> Result<Link, Failure> {
        let mut failures = Vec::new();
        for master in self.masters()?.iter() {
            match Link::connect(master, &self.account).await {
                Ok(link) => return Ok(link),
                Err(failure) => failures.push(failure),
            }
        }
        Err(match failures.len() {
            1 => failures.remove(0),
            _ => Failure::NoneAnswers(failures),
        })
    }
}

/// What a command ends with that was refused before there was a job: a refusal is an object as well, where objects are
/// wanted.
fn refused(failure: Failure, view: ViewArgs) -> Result<Exit, Failure> {
    let Failure::Refused(problem) = &failure else { return Err(failure) };
    if !view.json {
        return Err(failure);
    }
    terminal::print_json(problem)?;
    Ok(failure.exit())
}

/// Carries a command out.
pub async fn execute(args: Args) -> Result<Exit, Failure> {
    let Args {
        master,
        config_home,
        state_home,
        token_from_environment: token,
        ca_pin: pin,
        insecure,
        command,
    } = args;
    let config_folder = settings::config_folder(config_home.as_deref());
    let address = Address {
        given: master,
        account: Account { config_folder, token, wishes: Wishes { pin, insecure }, is_stranger: false },
        state_home: settings::state_home(state_home.as_deref()),
    };
    match command {
        Command::Run(args) => run::run(&address, *args).await,
        Command::Attach(args) => attach::attach(&address, &args).await,
        Command::Test(args) => test::test(&address, *args).await,
        Command::Watch(args) => watch::watch(&address, &args).await,
        Command::Rerun(args) => rerun::rerun(&address, &args).await,
        Command::Status(args) => status::status(&address, &args).await,
        Command::Runner(args) => runner::runner(&address, args.command).await,
        Command::Jobs(args) => jobs::jobs(&address, &args).await,
        Command::Artifacts(args) => artifacts::artifacts(&address, &args).await,
        Command::Cancel(args) => cancel::cancel(&address, &args).await,
        Command::Languages(args) => languages::languages(&address, &args).await,
        Command::Login(args) => account::login(&address, args).await,
        Command::Logout => account::logout(&address).await,
        Command::Whoami(args) => account::whoami(&address, args).await,
        Command::User(args) => account::user(&address, args.command).await,
        Command::Group(args) => account::group(&address, args.command).await,
        Command::Token(args) => account::token(&address, args.command).await,
        Command::CallbackKey(args) => account::callback_key(&address, &args).await,
        Command::Audit(args) => account::audit(&address, args).await,
        Command::Completions(args) => completions::completions(&args),
    }
}
