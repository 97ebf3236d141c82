/**
 * Passwords that guessers try first and that are long enough to pass the
 * length rule, as lower-case letters and digits; trailing digits are also
 * tried without. Not a list of breaches: a guard against the obvious.
 */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `password passwordpassword passw0rdpassw0rd mypassword mypasswordis thepassword newpassword changeme changemenow
  changemeplease letmein letmeinplease letmeinnow welcome welcomehome welcometo administrator administratoradmin
  adminadmin adminadminadmin adminpassword rootroot rootrootroot rootpassword toortoortoor superuser superadmin
  qwertyuiop qwertyqwerty qwertyuiopasdf asdfghjkl asdfasdfasdf zxcvbnm zxcvbnmzxcvbnm 1q2w3e4r5t6y 1q2w3e4r5t6y7u
  q1w2e3r4t5y6 1qaz2wsx3edc 1qaz2wsx3edc4rfv zaq12wsxcde3 iloveyou iloveyouforever iloveyousomuch sunshine
  sunshinesunshine princess princessprincess football footballfootball baseball basketball monkeymonkey
  dragondragon mastermaster superman supermansuperman batmanbatman starwars starwarsstarwars pokemonpokemon
  trustno1trustno1 whatever whateverwhatever computer computercomputer internet internetinternet
  gantrygantry gantrypassword gantryadmin dockerdocker dockerpassword dockeradmin containercontainer
  portainerportainer kubernetes kubernetesadmin homelab homelabhomelab raspberry raspberrypi raspberrypassword
  correcthorsebatterystaple abcabcabcabc abcdabcdabcd abc123abc123 abcd1234abcd1234 testtesttest testtest
  testpassword temporarypassword temppassword defaultpassword secretsecret secretpassword supersecret
  supersecretpassword supersecurepassword securepassword strongpassword verystrongpassword 123123123123
  123412341234 123456123456 1234567812345678 112233445566 121212121212 111111111111 000000000000 987654321987654321
  147258369147 159753159753 password1234password winterwinter summersummer summertime springspring autumnautumn
  companypassword ilovedocker iamtheadmin iamadmin openopenopen opensesame opensesameopen godgodgodgod`
    .split(/\s+/)
    .filter(Boolean),
);
