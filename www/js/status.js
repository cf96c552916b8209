/*
 * status.js - what the pill and the banner say about the connection. Pure: facts in, i18n keys out.
 */
export const BANNER_AFTER_MS = 2000;
export const PATIENCE_MS = 6000;  // push that connects for longer: say that the page polls

/** online: has the device a network. reachable: did the API answer last. push: state of push.js, since ms ago. */
export function connectionState({ online, reachable, push, since }) {
	if (!online)
		return 'offline';
	if (!reachable)
		return 'down';
	if (push === 'live')
		return 'live';
	return push === 'connecting' && since < PATIENCE_MS ? 'connecting' : 'polling';
}

export const WITH_BANNER = new Set(['offline', 'down']);
