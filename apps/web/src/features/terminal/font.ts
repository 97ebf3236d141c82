/** Size of a terminal's text in pixels, and the preference that keeps it. */
export const FONT = { key: 'terminal.font', default: 13, min: 9, max: 24 } as const;
