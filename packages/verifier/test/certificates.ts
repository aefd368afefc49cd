/**
 * Certificates for loopback servers, valid from 2020 to 2120, with published keys: good for nothing but tests. Made with OpenSSL 3, with
 * X one of good, elsewhere, expired, stranger, and `ca.cnf` a minimal one in which [root] is a CA and [leaf] has serverAuth and the SAN:
 *
 *     openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.csr -subj "/CN=aiegis test root"
 *     openssl ca -batch -config ca.cnf -selfsign -keyfile ca.key -in ca.csr -out ca.pem -notext -extensions root \
 *       -startdate 20200101000000Z -enddate 21200101000000Z
 *     openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout X.key -out X.csr -subj "/CN=aiegis test"
 *     openssl ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in X.csr -out X.pem -notext -extensions leaf \
 *       -startdate 20200101000000Z -enddate 21200101000000Z
 * @module
 */

/** What a TLS server shows. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** The root of all below but `STRANGER`. */
export const ROOT = `-----BEGIN CERTIFICATE-----
MIIBaDCCAQ+gAwIBAgIBATAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBhaWVnaXMg
dGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAbMRkw
FwYDVQQDDBBhaWVnaXMgdGVzdCByb290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAE1qyynyLEa3mo8cdU2RSYHAwedzapu7f5eJlhJhHGnUaojnWdlBVFDk81Pfmr
oxbfx+2e71iHRBXaopHLyuTWfaNCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8B
Af8EBAMCAgQwHQYDVR0OBBYEFPWktPLqh5uhZyCccyyuZupaaUvWMAoGCCqGSM49
BAMCA0cAMEQCIH1cbKRfkIn9R31Vvnt+AzmQMByQqWhzUWNeIVX1ZB0MAiBeK/T1
pNKQ2Hc/pTfJ/sprxTX84o8YPFQBCWfNIloRZw==
-----END CERTIFICATE-----
`

/** For localhost, harness.example and identity.example. */
export const GOOD: Certificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBwzCCAWigAwIBAgIBAzAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBhaWVnaXMg
dGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAWMRQw
EgYDVQQDDAthaWVnaXMgdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEQf
uHY6urVcal3F2NdCY2JIgeFx2bxGefBQQs7JdZemwhrYNYdg9sVvhOZJkpQpeGaZ
UVhhsefu3eaUVz1mN0ejgZ8wgZwwDAYDVR0TAQH/BAIwADATBgNVHSUEDDAKBggr
BgEFBQcDATA3BgNVHREEMDAugglsb2NhbGhvc3SCD2hhcm5lc3MuZXhhbXBsZYIQ
aWRlbnRpdHkuZXhhbXBsZTAdBgNVHQ4EFgQUIZuWsVTM4JJbAJfzonFvHerPIjEw
HwYDVR0jBBgwFoAU9aS08uqHm6FnIJxzLK5m6lppS9YwCgYIKoZIzj0EAwIDSQAw
RgIhALcl2O1MA3V/C5rjE4NR6lDUZBbd10/jkMnvNjt4SrA9AiEA+NboSWC/+1sc
29/BnY3wbX4HuhmSDtNA8T+t6gfymJI=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNK2dC1q3rLj/4m88
xiD4R+DN0vPWIevgNGWLcjdfj6mhRANCAAREH7h2Orq1XGpdxdjXQmNiSIHhcdm8
RnnwUELOyXWXpsIa2DWHYPbFb4TmSZKUKXhmmVFYYbHn7t3mlFc9ZjdH
-----END PRIVATE KEY-----
`,
}

/** For elsewhere.example. */
export const ELSEWHERE: Certificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBpzCCAU2gAwIBAgIBBDAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBhaWVnaXMg
dGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAWMRQw
EgYDVQQDDAthaWVnaXMgdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABP+Z
TYeIg6Nox+eZ7fSQaTIWqwPpD5TLOLdmZaAEWZ/3aBphn+GNX9Y1XS7TDF2HFBvU
8MiW/EwTNz7Lr97pv+SjgYQwgYEwDAYDVR0TAQH/BAIwADATBgNVHSUEDDAKBggr
BgEFBQcDATAcBgNVHREEFTATghFlbHNld2hlcmUuZXhhbXBsZTAdBgNVHQ4EFgQU
qLrQnnKXqVITi1g/lnfY7ujTFkgwHwYDVR0jBBgwFoAU9aS08uqHm6FnIJxzLK5m
6lppS9YwCgYIKoZIzj0EAwIDSAAwRQIgCMwQTsehwDVV3lJAHSP3foM9cQXilCJ3
wKKjwewLeNICIQDs7LM0y7Mx346PZ3WdHn2mNZ+n7auc347KomGQXALwrQ==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLh3joDuXeuV0kZSB
9DSz3ETfDGvmvTiVVMXxMSUsOnWhRANCAAT/mU2HiIOjaMfnme30kGkyFqsD6Q+U
yzi3ZmWgBFmf92gaYZ/hjV/WNV0u0wxdhxQb1PDIlvxMEzc+y6/e6b/k
-----END PRIVATE KEY-----
`,
}

/** As `GOOD`, until 2021. */
export const EXPIRED: Certificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBwDCCAWagAwIBAgIBBTAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBhaWVnaXMg
dGVzdCByb290MB4XDTIwMDEwMTAwMDAwMFoXDTIxMDEwMTAwMDAwMFowFjEUMBIG
A1UEAwwLYWllZ2lzIHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT1ZIWi
z03I+8XObRO2gTtMlcTB4F0IG54j/chl47HdG1UIB+fui/xmMnpduf9nFcjqKeBZ
eBhvfPtoDqTvrw6Ro4GfMIGcMAwGA1UdEwEB/wQCMAAwEwYDVR0lBAwwCgYIKwYB
BQUHAwEwNwYDVR0RBDAwLoIJbG9jYWxob3N0gg9oYXJuZXNzLmV4YW1wbGWCEGlk
ZW50aXR5LmV4YW1wbGUwHQYDVR0OBBYEFHC7FtLjBSt01zWh/6iqawE3irmMMB8G
A1UdIwQYMBaAFPWktPLqh5uhZyCccyyuZupaaUvWMAoGCCqGSM49BAMCA0gAMEUC
IGfRnXDKb1ly+MKqBz5vTwOAJmvaFQNcpkpNwjTgQkwmAiEAwu1dcluZsqtZBUAx
ylJzlnXRWWqQKjS4i9DjO8ErZgg=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBDTKu49Q+N7h5rD7
6tctYbQrmrNqCc3dNr1+dHlzrtOhRANCAAT1ZIWiz03I+8XObRO2gTtMlcTB4F0I
G54j/chl47HdG1UIB+fui/xmMnpduf9nFcjqKeBZeBhvfPtoDqTvrw6R
-----END PRIVATE KEY-----
`,
}

/** As `GOOD`, of a root that nobody knows. */
export const STRANGER: Certificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBwzCCAWmgAwIBAgIBBjAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFhbm90aGVy
IHRlc3Qgcm9vdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFjEU
MBIGA1UEAwwLYWllZ2lzIHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQt
XjwKoc4dkWWa0oM9ETtJFkz+2+7JvdZR82asOK4xHXOcjdmo7Kq0QWpvUZh2Qi7m
6+dxQPdqqb9k3AjdUpF9o4GfMIGcMAwGA1UdEwEB/wQCMAAwEwYDVR0lBAwwCgYI
KwYBBQUHAwEwNwYDVR0RBDAwLoIJbG9jYWxob3N0gg9oYXJuZXNzLmV4YW1wbGWC
EGlkZW50aXR5LmV4YW1wbGUwHQYDVR0OBBYEFGvpr69bMdlbyd8ahMQJMWtT0aRd
MB8GA1UdIwQYMBaAFJp6v/eJM6MOvBN+Tdg3ojx3g6bXMAoGCCqGSM49BAMCA0gA
MEUCIQDUPgO1ZHn4haVaZpBPARjC6L8KJlsEA2iTE1/yz3bAvQIgCkjdERyxkbCH
JLpWr2Lylq3PkA5KxSAnIG03aomPJ6k=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgK8Vq5bGFXJFcoJ1B
pPT7EeUTg2rHKHGq1/zs7nyUou+hRANCAAQtXjwKoc4dkWWa0oM9ETtJFkz+2+7J
vdZR82asOK4xHXOcjdmo7Kq0QWpvUZh2Qi7m6+dxQPdqqb9k3AjdUpF9
-----END PRIVATE KEY-----
`,
}
