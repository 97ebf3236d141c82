export const session = {
  signIn: {
    title: 'Sign in',
    username: 'Username',
    password: 'Password',
    submit: 'Sign in',
    failed: 'Could not sign in',
    missing: 'Fill in username and password.',
  },
  setup: {
    title: 'Set up Gantry',
    intro: 'Gantry has no account yet. Make the first one; it may do everything.',
    secret: 'Set-up secret',
    secretHint: 'Printed where Gantry was started. It works once.',
    username: 'Username',
    password: 'Password',
    passwordHint: 'At least 12 characters. A few words are better than a puzzle.',
    repeat: 'Password again',
    submit: 'Create account',
    failed: 'Could not create the account',
    errors: {
      secret: 'Enter the secret that Gantry printed.',
      username: 'Use 2 to 32 letters, digits, dots, dashes or underscores, beginning with a letter or digit.',
      short: 'Use at least 12 characters.',
      long: 'Use at most 1024 bytes.',
      repeat: 'The two passwords differ.',
    },
  },
} as const;
