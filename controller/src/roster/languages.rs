//! The languages that runners offer, and all that ever were.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use protocol::Limits;
use protocol::cluster::LanguageInfo;
use protocol::runner::LanguageOffer;

/// What one runner offers. Most runners of a cluster offer the same, and share it.
pub(super) type Menu = Arc<Vec<LanguageOffer>>;

/// How many different menus are looked through for the same.
const MENUS: usize = 64;

/// What is known of languages.
#[derive(Debug, Default)]
pub(super) struct Languages {
    menus: Vec<Menu>,
    /// What was ever offered, by id: a language stays known when its last runner leaves.
    known: BTreeMap<String, LanguageOffer>,
    /// Ids by name, alias and id, in lower case.
    names: HashMap<String, String>,
}

impl Languages {
    /// Takes in what a runner offers.
    pub(super) fn learn(&mut self, offers: Vec<LanguageOffer>) -> Menu {
        if let Some(menu) = self.menus.iter().find(|menu| ***menu == offers) {
            return Arc::clone(menu);
        }
        self.known.extend(offers.iter().map(|offer| (offer.id.clone(), offer.clone())));
        self.names.clear();
        for offer in self.known.values() {
            for name in offer.aliases.iter().chain([&offer.id, &offer.name]) {
                self.names.entry(name.to_lowercase()).or_insert_with(|| offer.id.clone());
            }
        }
        let menu = Arc::new(offers);
        self.menus.retain(|menu| Arc::strong_count(menu) > 1);
        if self.menus.len() < MENUS {
            self.menus.push(Arc::clone(&menu));
        }
        menu
    }

    pub(super) fn resolve(&self, language: &str) -> Option<String> {
        let wanted = language.to_lowercase();
        match self.known.is_empty() {
            true => Some(wanted),
            false => self.names.get(&wanted).cloned(),
        }
    }

    pub(super) fn known(&self) -> &BTreeMap<String, LanguageOffer> {
        &self.known
    }

    /// The most that a job may ask for, by language.
    pub(super) fn limits(menu: &Menu) -> BTreeMap<String, Limits> {
        menu.iter().map(|offer| (offer.id.clone(), offer.maximum_limits)).collect()
    }

    /// All languages as users see them, with what these runners offer.
    pub(super) fn info<'a>(&self, menus: impl Iterator<Item = &'a Menu>) -> Vec<LanguageInfo> {
        let mut counts: HashMap<*const Vec<LanguageOffer>, (&Menu, u32)> = HashMap::new();
        for menu in menus {
            counts.entry(Arc::as_ptr(menu)).or_insert((menu, 0)).1 += 1;
        }
        let mut offered: BTreeMap<&str, Vec<Offered<'_>>> = BTreeMap::new();
        for (menu, runners) in counts.into_values() {
            for offer in menu.iter() {
                offered.entry(&offer.id).or_default().push(Offered { offer, runners });
            }
        }
        let offers = |id: &str| offered.get(id).map_or(&[][..], Vec::as_slice);
        self.known.values().map(|offer| info(offer, offers(&offer.id))).collect()
    }
}

/// What so many runners offer of a language.
struct Offered<'a> {
    offer: &'a LanguageOffer,
    runners: u32,
}

fn info(offer: &LanguageOffer, offers: &[Offered<'_>]) -> LanguageInfo {
    let mut versions: Vec<String> =
        offers.iter().filter_map(|offered| offered.offer.version.clone()).collect();
    versions.sort_unstable();
    versions.dedup();
    LanguageInfo {
        id: offer.id.clone(),
        name: offer.name.clone(),
        aliases: offer.aliases.clone(),
        extensions: offer.extensions.clone(),
        versions,
        runners: offers.iter().map(|offered| offered.runners).sum(),
        default_limits: offer.default_limits,
        maximum_limits: offers
            .iter()
            .fold(offer.maximum_limits, |most, offered| highest(&most, offered.offer)),
    }
}

fn highest(most: &Limits, offer: &LanguageOffer) -> Limits {
    let other = &offer.maximum_limits;
    Limits {
        cpu_seconds: most.cpu_seconds.max(other.cpu_seconds),
        wall_seconds: most.wall_seconds.max(other.wall_seconds),
        memory_bytes: most.memory_bytes.max(other.memory_bytes),
        processes: most.processes.max(other.processes),
        output_bytes: most.output_bytes.max(other.output_bytes),
        disk_bytes: most.disk_bytes.max(other.disk_bytes),
    }
}
