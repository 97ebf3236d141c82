// Runs before the first paint, so that the page never flashes the other theme.
(() => {
  let choice = 'system';
  try {
    choice = localStorage.getItem('gantry.theme') || 'system';
  } catch {
    // Storage is refused in some private windows: the system's theme then.
  }
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.classList.toggle('dark', dark);
})();
