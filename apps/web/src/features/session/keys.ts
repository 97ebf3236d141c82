export const sessionKeys = {
  me: ['session', 'me'] as const,
  setup: ['session', 'setup'] as const,
};
