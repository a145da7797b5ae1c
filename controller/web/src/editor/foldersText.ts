import { count } from '../shared/format';
import { dictionary } from '../shared/i18n.svelte';

/** What is said about files that come in, and where they are. */
export const t = dictionary({
  en: {
    openFolder: 'Folder…',
    openFolderWhy: 'Open a folder of this computer with all that is in it; it is copied, never changed',
    opened: (n: number) => `${count(n)} files were opened.`,
    leftOut: (names: string) => `Left out: ${names}`,
    tooManyFiles: (most: number) => `A program has at most ${count(most)} files, and this is more.`,
    tooManyBytes: (size: string, most: string) => `These files have ${size}; this cluster takes at most ${most}.`,
    badArchive: (why: string) => `The archive was not opened: ${why}`,
    unreadable: (why: string) => `It could not be read: ${why}`,
    reading: 'Reading the files…',
    tree: 'Files and folders',
    inFolder: (n: number) => (n === 1 ? '1 file' : `${count(n)} files`),
    more: (n: number) => `${count(n)} more`,
    dropTests: 'Drop files to open them; onto the tests, pairs of .in and .out files to load them',
  },
  fr: {
    openFolder: 'Dossier…',
    openFolderWhy: 'Ouvrir un dossier de cet ordinateur avec tout ce qu’il contient ; il est copié, jamais modifié',
    opened: (n: number) => `${count(n)} fichiers ont été ouverts.`,
    leftOut: (names: string) => `Laissés de côté : ${names}`,
    tooManyFiles: (most: number) => `Un programme a ${count(most)} fichiers au plus, et il y en a davantage ici.`,
    tooManyBytes: (size: string, most: string) => `Ces fichiers font ${size} ; cette grappe en accepte ${most} au plus.`,
    badArchive: (why: string) => `L’archive n’a pas été ouverte : ${why}`,
    unreadable: (why: string) => `Lecture impossible : ${why}`,
    reading: 'Lecture des fichiers…',
    tree: 'Fichiers et dossiers',
    inFolder: (n: number) => (n === 1 ? '1 fichier' : `${count(n)} fichiers`),
    more: (n: number) => `${count(n)} de plus`,
    dropTests: 'Déposez des fichiers pour les ouvrir ; sur les tests, des paires .in et .out pour les charger',
  },
});
