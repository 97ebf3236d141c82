// Runs before the first paint, so that the page never flashes the other theme.
(() => {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => {
    try {
      return localStorage.getItem('gantry.theme') || 'system';
    } catch {
      // Storage is refused in some private windows: the system's theme then.
      return 'system';
    }
  };
  const apply = () => {
    const choice = chosen();
    const dark = choice === 'dark' || (choice !== 'light' && system.matches);
    document.documentElement.classList.toggle('dark', dark);
  };
  apply();
  // The pages before sign-in have nothing else that follows the system.
  system.addEventListener('change', apply);
})();
