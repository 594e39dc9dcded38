// An identity provider of a CI, of the shape that GitHub Actions has: a real RSA key pair, discovery document, JWKS and token endpoint.
// Knows OpenID Connect discovery and GitHub's claims. Knows nothing of jobs but what `allow` is told, and nothing of the guard.
//
// Facts: https://docs.github.com/en/actions/reference/security/oidc (claims, their names, and that ids and counters are strings;
// the request GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=… with "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN", answered by
// { count, value }), https://token.actions.githubusercontent.com/.well-known/openid-configuration (the discovery document's fields),
// RFC 7515 (signature), RFC 7517 (JWK), RFC 7519 (JWT).

import { createHmac, createSign, generateKeyPairSync, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import http from 'node:http'

/** How long a token of GitHub Actions lives, in seconds: exp - iat. */
const LIFETIME = 300

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * GitHub's claims for a job on a branch, all strings as GitHub writes them.
 * @param {{ repository: string, repositoryId: string, ref: string, sha: string, environment: string, runId: string, runNumber: string, runAttempt: string, eventName: string, workflow: string }} job
 */
export function githubClaims({ repository, repositoryId, ref, sha, environment, runId, runNumber, runAttempt, eventName, workflow }) {
  const owner = repository.split('/')[0]
  const workflowRef = `${repository}/.github/workflows/${workflow}.yml@${ref}`
  return {
    sub: environment ? `repo:${repository}:environment:${environment}` : `repo:${repository}:ref:${ref}`,
    ref,
    ref_type: 'branch',
    ref_protected: 'true',
    sha,
    repository,
    repository_id: repositoryId,
    repository_owner: owner,
    repository_owner_id: '65432',
    repository_visibility: 'private',
    run_id: runId,
    run_number: runNumber,
    run_attempt: runAttempt,
    event_name: eventName,
    ...(environment ? { environment } : {}),
    workflow,
    workflow_ref: workflowRef,
    workflow_sha: sha,
    job_workflow_ref: workflowRef,
    job_workflow_sha: sha,
    runner_environment: 'self-hosted',
    actor: 'octocat',
    actor_id: '583231',
    head_ref: '',
    base_ref: ''
  }
}

/**
 * Starts the provider on loopback.
 * @param {{ port?: number }} [options] port: 0 or nothing for a free one
 */
export async function startIdentityProvider({ port = 0 } = {}) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keyId = randomBytes(16).toString('hex')
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'RS256', use: 'sig' }
  /** By bearer token: the job's claims and the ways in which its tokens differ from GitHub's. */
  const jobs = new Map()
  let issuer

  /**
   * A signed token. `signature` says how a villain's token is made: algorithm 'RS256' (honest), 'HS256' (signed with the public key's text
   * as secret), 'none'; lifetime and skew in seconds; `keyId` another key's name.
   */
  function sign(claims, audience, { algorithm = 'RS256', lifetime = LIFETIME, skew = 0, keyId: kid = keyId } = {}) {
    const now = Math.floor(Date.now() / 1000) + skew
    const payload = { jti: randomUUID(), ...claims, aud: audience, iss: issuer, nbf: now - 300, iat: now, exp: now + lifetime, ...(claims.overrides ?? {}) }
    delete payload.overrides
    const signed = `${encode({ typ: 'JWT', alg: algorithm, kid, x5t: kid })}.${encode(payload)}`
    if (algorithm === 'none') return `${signed}.`
    if (algorithm === 'HS256') return `${signed}.${createHmac('sha256', publicKey.export({ format: 'pem', type: 'spki' })).update(signed).digest('base64url')}`
    if (algorithm !== 'RS256') throw new Error(`The provider signs with RS256, HS256 or none, not with ${algorithm}`)
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
  }

  function jobOf(authorization) {
    const given = Buffer.from(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '')
    for (const [bearer, job] of jobs) {
      const expected = Buffer.from(bearer)
      if (expected.length === given.length && timingSafeEqual(expected, given)) return job
    }
    return undefined
  }

  const server = http.createServer((request, response) => {
    const url = new URL(request.url, issuer)
    const answer = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
      response.end(JSON.stringify(body))
    }
    if (request.method !== 'GET') return answer(405, { message: 'only GET' })
    if (url.pathname === '/.well-known/openid-configuration') {
      return answer(200, {
        issuer,
        jwks_uri: `${issuer}/.well-known/jwks`,
        subject_types_supported: ['public', 'pairwise'],
        response_types_supported: ['id_token'],
        claims_supported: ['sub', 'aud', 'exp', 'iat', 'iss', 'jti', 'nbf', 'ref', 'sha', 'repository', 'repository_id', 'run_id', 'run_attempt', 'event_name', 'environment', 'actor'],
        id_token_signing_alg_values_supported: ['RS256'],
        scopes_supported: ['openid']
      })
    }
    if (url.pathname === '/.well-known/jwks') return answer(200, { keys: [jwk] })
    if (url.pathname === '/token') {
      const job = jobOf(request.headers.authorization)
      if (!job) return answer(401, { message: 'the request token is not one of a running job' })
      // Without an audience, GitHub takes the URL of the repository's owner.
      const value = sign(job.claims, url.searchParams.get('audience') ?? `https://github.com/${job.claims.repository_owner}`, job.signature)
      return answer(200, { count: value.length, value })
    }
    return answer(404, { message: 'no such page' })
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${server.address().port}`

  return {
    issuer,
    jwk,
    sign,
    /**
     * Opens the token endpoint to one job, until `revoke` is called.
     * @returns {{ url: string, token: string, revoke: () => void }} the values of ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN
     */
    allow(claims, signature) {
      const token = randomBytes(32).toString('base64url')
      jobs.set(token, { claims, signature })
      return { url: `${issuer}/token?api-version=2.0`, token, revoke: () => jobs.delete(token) }
    },
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    }
  }
}
