# The Worker on workerd by itself, as `npm run examples` starts it. The trust bundle is an environment variable there.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "orders", worker = .orders),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "orders")],
);

const orders :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "dist/worker.js")],
  compatibilityDate = "2026-11-01",
  bindings = [
    (name = "TRUST", fromEnvironment = "TRUST"),
    (name = "USED_TOKENS", durableObjectNamespace = "UsedTokens"),
  ],
  durableObjectNamespaces = [(className = "UsedTokens", uniqueKey = "used-tokens", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
);
