"""Checks rendered Kubernetes manifests: against the schemas of two versions, and against the binary that they start.

usage: check_k8s.py BINARY RENDERED.yaml             prints what is wrong, a line each; the status is 1 if anything is
       check_k8s.py --planted BINARY RENDERED.yaml   plants mistakes, one at a time, and prints those that are not found
"""

import copy
import os
import re
import subprocess
import sys

import kubernetes_validate
import yaml

VERSIONS = ["1.29", "1.36"]
CUSTOM = {"ScaledObject", "TriggerAuthentication"}
DEFAULTS = {"TICKERMILL__CLUSTER__DRAIN_MS": 20_000, "TICKERMILL__PREDICTOR__DRAIN_MS": 20_000}
NAME, ROLE = "app.kubernetes.io/name", "app.kubernetes.io/component"
GRPC, HTTPS, OPERATIONS = 7070, 8080, 9090


def of_kind(documents, *kinds):
    return [document for document in documents if document["kind"] in kinds]


def pods(documents):
    """Every pod's template, with the role that it is for."""
    for document in of_kind(documents, "StatefulSet", "Deployment", "CronJob"):
        spec = document["spec"]
        if document["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        yield document, spec["template"]


def variables(documents):
    [config] = of_kind(documents, "ConfigMap")
    return config["data"]


def selects(selector, labels):
    return all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())


def schema_problems(documents):
    for document in documents:
        if document["kind"] in CUSTOM:
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{document['kind']} {document['metadata']['name']}, {version}: {error.message}"


def pod_problems(documents):
    told = variables(documents)
    address = told["TICKERMILL__OPERATIONS__LISTEN"]
    scheme = "HTTPS" if "TICKERMILL__TLS__CERTIFICATE" in told else "HTTP"
    drain = max(int(told.get(key, default)) for key, default in DEFAULTS.items()) / 1000
    for document, template in pods(documents):
        name, spec = document["metadata"]["name"], template["spec"]
        role = template["metadata"]["labels"].get(ROLE)
        selector = document["spec"].get("selector")
        if selector and not selects(selector, template["metadata"]["labels"]):
            yield f"{name}: its selector does not match its pods"
        context = spec.get("securityContext", {})
        if not context.get("runAsNonRoot") or context.get("runAsUser") != 65532:
            yield f"{name}: it may run as root"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{name}: it has a token of the API server"
        if role != "run" and spec.get("terminationGracePeriodSeconds", 30) <= drain:
            yield f"{name}: it is killed before it has drained, which takes {drain} s"
        secrets = [volume["secret"]["secretName"] for volume in spec["volumes"] if "secret" in volume]
        if secrets != [f"tickermill-{'client' if role == 'run' else role}"]:
            yield f"{name}: it has the certificates {secrets}"
        [container] = spec["containers"]
        inner = container.get("securityContext", {})
        if not inner.get("readOnlyRootFilesystem") or inner.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: its root can be written, or it can gain privileges"
        if inner.get("capabilities", {}).get("drop") != ["ALL"]:
            yield f"{name}: it has capabilities"
        resources = container.get("resources", {})
        if not {"cpu", "memory"} <= set(resources.get("requests", {})) or "memory" not in resources.get("limits", {}):
            yield f"{name}: it says not what it needs"
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        probes = {"livenessProbe": "/livez", "readinessProbe": "/readyz"} if role != "run" else {}
        for probe, path in probes.items():
            asked = container.get(probe, {}).get("httpGet", {})
            port = ports.get(asked.get("port"), asked.get("port"))
            if asked.get("path") != path or asked.get("scheme") != scheme or f"0.0.0.0:{port}" != address:
                yield f"{name}: {probe} asks {asked}, and {path} is answered at {address} by {scheme}"
        yield from argument_problems(name, container["args"], told)


def argument_problems(name, arguments, told):
    binary = sys.argv[-2]
    expanded = [re.sub(r"\$\((\w+)\)", lambda found: told.get(found[1], found[0]), text) for text in arguments]
    if any("$(" in text for text in expanded):
        yield f"{name}: {expanded} has what the config map does not say"
    # What stands before --help is parsed first.
    parsed = subprocess.run([binary, *expanded, "--help"], capture_output=True, text=True)
    if parsed.returncode != 0:
        yield f"{name}: {parsed.stderr.strip().splitlines()[0]}"


def config_problems(documents):
    told = variables(documents)
    for key, value in told.items():
        secret = re.search("SECRET|PASSWORD|ACCESS_KEY|TOKEN", key) and not value.startswith("/")
        if secret or "PRIVATE KEY" in value or re.search(r"\b[0-9a-f]{32,}\b", value):
            yield f"the config map has the secret {key}"
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TICKERMILL")}
    shown = subprocess.run([sys.argv[-2], "config"], capture_output=True, text=True, env={**clean, **told})
    if shown.returncode != 0:
        yield f"the config map: {shown.stderr.strip()}"


def service_problems(documents):
    for service in of_kind(documents, "Service"):
        name = service["metadata"]["name"]
        behind = [
            template
            for _, template in pods(documents)
            if selects({"matchLabels": service["spec"]["selector"]}, template["metadata"]["labels"])
        ]
        if len(behind) != 1:
            yield f"service {name}: {len(behind)} kinds of pods are behind it"
            continue
        named = {port["name"] for port in behind[0]["spec"]["containers"][0]["ports"]}
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in named:
                yield f"service {name}: its pods have no port {port['targetPort']}"
    for budget in of_kind(documents, "PodDisruptionBudget"):
        if not any(selects(budget["spec"]["selector"], t["metadata"]["labels"]) for _, t in pods(documents)):
            yield "a disruption budget is for nobody"


def allowed(policies, way, own, other, port):
    """Whether policies let pods of labels `own` have traffic of a port, in one way, with pods of labels `other`."""
    ours = [p["spec"] for p in policies if selects(p["spec"]["podSelector"], own) and way in p["spec"]["policyTypes"]]
    if not ours:
        return True
    ends = "from" if way == "Ingress" else "to"
    for spec in ours:
        for rule in spec.get(way.lower(), []):
            ports = rule.get("ports")
            peers = rule.get(ends)
            here = peers is None or any(
                "namespaceSelector" not in peer and selects(peer["podSelector"], other) for peer in peers
            )
            if here and (ports is None or any(entry["port"] == port for entry in ports)):
                return True
    return False


def network_problems(documents):
    policies = of_kind(documents, "NetworkPolicy")
    labels = lambda role: {NAME: "tickermill", ROLE: role}
    roles = ["coordinator", "worker", "predictor", "run"]
    arrows = {("worker", "coordinator", GRPC), ("run", "coordinator", GRPC)}
    for source in roles:
        for target in roles:
            for port in (GRPC, HTTPS, OPERATIONS):
                passes = allowed(policies, "Egress", labels(source), labels(target), port) and allowed(
                    policies, "Ingress", labels(target), labels(source), port
                )
                if passes != ((source, target, port) in arrows):
                    yield f"{source} {'reaches' if passes else 'does not reach'} {target}:{port}"
    for role in roles:
        for port in (GRPC, HTTPS, OPERATIONS):
            passes = allowed(policies, "Ingress", labels(role), {}, port)
            if passes != ((role, port) == ("predictor", HTTPS)):
                yield f"a stranger {'reaches' if passes else 'does not reach'} {role}:{port}"


def scaler_problems(documents):
    services = {service["metadata"]["name"] for service in of_kind(documents, "Service")}
    deployments = {d["metadata"]["name"]: d for d in of_kind(documents, "Deployment")}
    for scaler in of_kind(documents, "ScaledObject", "HorizontalPodAutoscaler"):
        target = deployments.get(scaler["spec"]["scaleTargetRef"]["name"])
        if target is None:
            yield "what is scaled is not there"
        elif "replicas" in target["spec"]:
            yield "the number of what is scaled is said twice"
    for scaler in of_kind(documents, "ScaledObject"):
        [trigger] = scaler["spec"]["triggers"]
        host, port = trigger["metadata"]["scalerAddress"].rsplit(":", 1)
        namespace = scaler["metadata"].get("namespace", "default")
        if host not in {f"{name}.{namespace}.svc" for name in services} or int(port) != GRPC:
            yield f"KEDA asks {host}:{port}"
        if not trigger["metadata"]["shardsPerWorker"].isdigit():
            yield "KEDA does not say how many shards are for a worker"
        known = {auth["metadata"]["name"] for auth in of_kind(documents, "TriggerAuthentication")}
        if trigger["authenticationRef"]["name"] not in known:
            yield "KEDA has no certificate"


def problems(documents):
    for check in (
        schema_problems,
        pod_problems,
        config_problems,
        service_problems,
        network_problems,
        scaler_problems,
    ):
        yield from check(documents)


def pod(documents, role):
    return next(template["spec"] for _, template in pods(documents) if template["metadata"]["labels"][ROLE] == role)


def container(documents, role):
    return pod(documents, role)["containers"][0]


def planted(documents):
    """Each mistake, with its name."""

    def plant(name, change):
        changed = copy.deepcopy(documents)
        change(changed)
        return name, changed

    def drop(kind, name):
        return lambda d: d.remove(next(x for x in of_kind(d, kind) if x["metadata"]["name"] == name))

    policy = lambda d, name: next(p for p in of_kind(d, "NetworkPolicy") if p["metadata"]["name"] == name)["spec"]
    yield plant("a field of the wrong type", lambda d: of_kind(d, "StatefulSet")[0]["spec"].update(replicas="one"))
    yield plant("a field that is not known", lambda d: pod(d, "worker").update(terminationGracePeriod=40))
    yield plant("a probe of another path", lambda d: container(d, "worker")["livenessProbe"]["httpGet"].update(path="/health"))
    yield plant("a probe of another port", lambda d: container(d, "coordinator")["readinessProbe"]["httpGet"].update(port="grpc"))
    yield plant("a probe in the clear", lambda d: container(d, "predictor")["readinessProbe"]["httpGet"].update(scheme="HTTP"))
    yield plant("no probe", lambda d: container(d, "worker").pop("livenessProbe"))
    yield plant("a grace below the drain", lambda d: pod(d, "worker").update(terminationGracePeriodSeconds=20))
    yield plant("a drain above the grace", lambda d: variables(d).update(TICKERMILL__CLUSTER__DRAIN_MS="60000"))
    yield plant("a selector of other pods", lambda d: of_kind(d, "Deployment")[0]["spec"]["selector"]["matchLabels"].update({ROLE: "x"}))
    yield plant("a service for nobody", lambda d: of_kind(d, "Service")[0]["spec"]["selector"].update({ROLE: "x"}))
    yield plant("a service of another port", lambda d: of_kind(d, "Service")[0]["spec"]["ports"][0].update(targetPort="http"))
    yield plant("a budget for nobody", lambda d: of_kind(d, "PodDisruptionBudget")[0]["spec"]["selector"]["matchLabels"].update({ROLE: "x"}))
    yield plant("root", lambda d: pod(d, "worker")["securityContext"].update(runAsUser=0))
    yield plant("a root that can be written", lambda d: container(d, "predictor")["securityContext"].update(readOnlyRootFilesystem=False))
    yield plant("capabilities", lambda d: container(d, "run")["securityContext"].pop("capabilities"))
    yield plant("a token of the API server", lambda d: pod(d, "coordinator").pop("automountServiceAccountToken"))
    yield plant("no limit", lambda d: container(d, "worker")["resources"].pop("limits"))
    yield plant("another role's certificate", lambda d: pod(d, "worker")["volumes"][0]["secret"].update(secretName="tickermill-client"))
    yield plant("a flag that is not known", lambda d: container(d, "worker")["args"].append("--threads"))
    yield plant("a role that is not known", lambda d: container(d, "worker")["args"].__setitem__(0, "slave"))
    yield plant("a variable that nobody says", lambda d: container(d, "coordinator")["args"].append("$(ROOT)"))
    yield plant("a key that is not known", lambda d: variables(d).update(TICKERMILL__CLUSTER__LEASE="1"))
    yield plant("a value out of bounds", lambda d: variables(d).update(TICKERMILL__CLUSTER__NO_WORKERS_MS="-1"))
    yield plant("a secret", lambda d: variables(d).update(AWS_SECRET_ACCESS_KEY="abc"))
    yield plant("a key's text", lambda d: variables(d).update(TICKERMILL__TLS__KEY="-----BEGIN PRIVATE KEY-----"))
    yield plant("no policy for workers", drop("NetworkPolicy", "tickermill-from-worker"))
    yield plant("no policy for the coordinator", drop("NetworkPolicy", "tickermill-to-coordinator"))
    yield plant("a policy of another port", lambda d: policy(d, "tickermill-to-coordinator")["ingress"][0]["ports"][0].update(port=7071))
    yield plant("a policy for all", lambda d: policy(d, "tickermill-to-coordinator")["ingress"].append({}))
    yield plant("no policy for the predictor", drop("NetworkPolicy", "tickermill-to-predictor"))
    if of_kind(documents, "ScaledObject"):
        trigger = lambda d: of_kind(d, "ScaledObject")[0]["spec"]["triggers"][0]
        yield plant("KEDA asks another port", lambda d: trigger(d)["metadata"].update(scalerAddress="coordinator.tickermill.svc:8080"))
        yield plant("KEDA asks another name", lambda d: trigger(d)["metadata"].update(scalerAddress="scaler.tickermill.svc:7070"))
        yield plant("KEDA without a certificate", lambda d: trigger(d)["authenticationRef"].update(name="none"))
        yield plant("a number beside KEDA's", lambda d: next(x for x in of_kind(d, "Deployment") if x["metadata"]["name"] == "worker")["spec"].update(replicas=2))


with open(sys.argv[-1]) as file:
    rendered = [document for document in yaml.safe_load_all(file) if document]
assert len(rendered) > 10, "it is not rendered"
if sys.argv[1] == "--planted":
    found = [(name, any(True for _ in problems(documents))) for name, documents in planted(rendered)]
    wrong = [f"not found: {name}" for name, is_found in found if not is_found]
    print(f"{len(found)} planted")
else:
    wrong = list(problems(rendered))
print(*wrong, sep="\n")
sys.exit(1 if wrong else 0)
