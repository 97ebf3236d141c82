import { plural } from '../format.ts';

/** Words that more than one part of the site uses. One file per part stands beside this one. */
export const common = {
  product: 'gantry',
  cancel: 'Cancel',
  close: 'Close',
  remove: 'Remove',
  retry: 'Try again',
  loading: 'Loading',
  back: 'Back',
  nav: {
    label: 'Main',
    overview: 'Overview',
    containers: 'Containers',
    images: 'Images',
    volumes: 'Volumes',
    networks: 'Networks',
    audit: 'Audit',
    account: 'Account',
    more: 'More',
    skip: 'Skip to content',
  },
  host: { switch: 'Switch host', local: 'this machine', unreachable: 'not connected' },
  theme: { label: 'Theme', system: 'System', light: 'Light', dark: 'Dark' },
  session: { signOut: 'Sign out', signedInAs: (name: string) => `Signed in as ${name}` },
  live: {
    lost: 'Live updates stopped: the engine does not answer. Trying again.',
    unreachable: 'The engine does not answer',
    unreachableHint: 'Look whether Gantry is running on the host. This page comes back by itself when it does.',
  },
  notFound: { title: 'Nothing here', text: 'There is no page at this address.', link: 'Go to the overview' },
  crash: { title: 'This page broke', text: 'The rest of Gantry is not affected.', again: 'Load it again' },
  keys: {
    title: 'Keys',
    text: 'Everything can also be reached with Tab.',
    rows: [
      { keys: ['Ctrl', 'K'], does: 'Find a page or container, and act on it' },
      { keys: ['/'], does: 'Filter the list, search the log' },
      { keys: ['↑', '↓'], does: 'Move through the rows of a list' },
      { keys: ['Enter'], does: 'Open the row, open or close a group' },
      { keys: ['Space'], does: 'Select the row' },
      { keys: ['Home', 'End'], does: 'First and last row' },
      { keys: ['Esc'], does: 'Close what is open, empty the filter' },
      { keys: ['?'], does: 'This list' },
    ],
  },
  couldNot: (what: string) => `Could not ${what}`,
  selected: (count: number) => `${count.toLocaleString()} selected`,
  rows: (count: number, total: number, noun: string) =>
    count === total ? plural(total, noun) : `${count.toLocaleString()} of ${plural(total, noun)}`,
} as const;
