//! scratch
use runner::images::*;
#[tokio::main]
async fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let docker = match runner::docker::connect(None).await {
        Ok(d) => d,
        Err(e) => {
            eprintln!("{e}");
            return;
        }
    };
    let opt = |n: &str| a.iter().position(|x| x == n).map(|i| a[i + 1].clone());
    let args = if a[0] == "list" {
        ImagesArgs::List { json: a.len() > 1, recipes: opt("--recipes").map(Into::into) }
    } else {
        ImagesArgs::Build(BuildArgs {
            names: a[1..].iter().take_while(|x| !x.starts_with("--")).cloned().collect(),
            base: opt("--base"),
            network: opt("--network"),
            force: a.iter().any(|x| x == "--force"),
            recipes: opt("--recipes").map(Into::into),
        })
    };
    if let Err(e) = command(&docker, &args).await {
        eprint!("error: {e}");
        let mut s = std::error::Error::source(&e);
        while let Some(x) = s {
            eprint!(": {x}");
            s = x.source();
        }
        eprintln!();
        std::process::exit(1)
    }
}
