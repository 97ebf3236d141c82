export const hostKeys = { list: ['hosts'] as const };
