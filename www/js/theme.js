/* theme.js - sets data-theme before the first paint: the stored wish, else the system's. Classic script, first in head. */
(() => {
	const dark = matchMedia('(prefers-color-scheme: dark)');
	const stored = () => { try { return localStorage.getItem('charla.theme'); } catch { return null; } };
	const apply = () => { document.documentElement.dataset.theme = stored() ?? (dark.matches ? 'dark' : 'light'); };
	dark.addEventListener('change', apply);
	apply();
})();
