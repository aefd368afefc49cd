# The receiver as a Worker. "hosts" of the trust bundle are those of the driver, on loopback.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "receiver", worker = .receiver),
    (name = "internet", network = (allow = ["local"])),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [
    (name = "receiver", address = "127.0.0.1:0", http = (), service = "receiver"),
    (name = "control", address = "127.0.0.1:0", http = (), service = (name = "receiver", entrypoint = "control")),
  ],
);

const receiver :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "dist/worker.js")],
  compatibilityDate = "2026-11-01",
  bindings = [(name = "USED_TOKENS", durableObjectNamespace = "UsedTokens")],
  durableObjectNamespaces = [(className = "UsedTokens", uniqueKey = "used-tokens", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
);
