import type { SearchAddon } from '@xterm/addon-search';
import type { ITheme, Terminal } from '@xterm/xterm';

/** An emulator with its addons, drawn into an element of its own that can be moved about the page. */
export type Screen = {
  readonly terminal: Terminal;
  readonly element: HTMLElement;
  readonly search: SearchAddon;
  /** Fits columns and rows to the element; false while it has no size. */
  fit(): boolean;
  setFontSize(size: number): void;
  dispose(): void;
};

const SCROLLBACK = 5000;

/** Loaded only when a terminal is opened. */
export async function createScreen(fontSize: number): Promise<Screen> {
  const [{ Terminal }, { FitAddon }, { SearchAddon }, { Unicode11Addon }, { WebLinksAddon }, { openUnderPolicy }] =
    await Promise.all([
      import('@xterm/xterm'),
      import('@xterm/addon-fit'),
      import('@xterm/addon-search'),
      import('@xterm/addon-unicode11'),
      import('@xterm/addon-web-links'),
      import('./xterm-policy.ts'),
    ]);
  const css = getComputedStyle(document.documentElement);
  const terminal = new Terminal({
    // Needed for the widths of Unicode 11.
    allowProposedApi: true,
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    fontFamily: css.getPropertyValue('--font-geist-mono').trim() || 'monospace',
    fontSize,
    lineHeight: 1.2,
    minimumContrastRatio: 4.5,
    scrollback: SCROLLBACK,
    theme: themeOf(css),
    // Links a program makes itself (OSC 8) can name one thing and lead to another: they stay text.
    linkHandler: { activate: () => undefined },
  });
  const fit = new FitAddon();
  const search = new SearchAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(search);
  terminal.loadAddon(new Unicode11Addon());
  terminal.loadAddon(new WebLinksAddon((event, uri) => follow(event, uri)));
  terminal.unicode.activeVersion = '11';
  const element = document.createElement('div');
  element.className = 'terminal-screen';
  openUnderPolicy(terminal, element);
  const theme = new MutationObserver(() => {
    terminal.options.theme = themeOf(getComputedStyle(document.documentElement));
  });
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ['class'] });
  const fitNow = () => {
    if (element.clientWidth === 0 || element.clientHeight === 0) return false;
    fit.fit();
    return true;
  };
  return {
    terminal,
    element,
    search,
    fit: fitNow,
    setFontSize(size) {
      terminal.options.fontSize = size;
      fitNow();
    },
    dispose() {
      theme.disconnect();
      terminal.dispose();
      element.remove();
    },
  };
}

/** Only a click with Ctrl or Cmd follows a link, only to the web, and without handing over who asks. */
function follow(event: MouseEvent, uri: string): void {
  if (!event.ctrlKey && !event.metaKey) return;
  if (/^https?:\/\//i.test(uri)) window.open(uri, '_blank', 'noopener,noreferrer');
}

const names = [
  'black',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'white',
  'brightBlack',
  'brightRed',
  'brightGreen',
  'brightYellow',
  'brightBlue',
  'brightMagenta',
  'brightCyan',
  'brightWhite',
] as const;

function themeOf(css: CSSStyleDeclaration): ITheme {
  const color = createColorReader();
  const of = (name: string) => color(css.getPropertyValue(name).trim());
  return {
    background: of('--panel'),
    foreground: of('--text'),
    cursor: of('--accent'),
    cursorAccent: of('--panel'),
    selectionBackground: of('--press'),
    scrollbarSliderBackground: of('--line'),
    scrollbarSliderHoverBackground: of('--control'),
    scrollbarSliderActiveBackground: of('--control'),
    ...Object.fromEntries(names.map((name, index) => [name, of(`--ansi-${index}`)])),
  };
}

/** xterm reads hexadecimal colours; the site's are OKLCH. A canvas converts any. */
function createColorReader(): (css: string) => string {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
  return (css) => {
    context.fillStyle = css;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
    return `#${[r, g, b].map((part) => (part ?? 0).toString(16).padStart(2, '0')).join('')}`;
  };
}
