#!/usr/bin/env bash
# The mesh as a person scripts it with openssl, kubectl and helm, one cluster after the other: what `pulumi up` is measured against.
# Usage: script.sh KUBECONFIG INPUTS CLUSTER…
#   KUBECONFIG  has a context for each cluster, of the cluster's name
#   INPUTS      folder with <cluster>-{base,istiod,gateway}.yaml (Helm values), <cluster>-network, and {base,istiod,gateway}-chart
#               (chart and its options, as helm takes them); certificates and kubeconfigs go there as well
set -euo pipefail

export KUBECONFIG=$1
inputs=$2
shift 2
clusters=("$@")
cd "$inputs"

openssl ecparam -name prime256v1 -genkey -noout -out root-key.pem
openssl req -x509 -new -sha256 -days 3650 -key root-key.pem -subj "/O=Istio/CN=Root CA" -out root-cert.pem \
  -addext "keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,keyCertSign,cRLSign"
fingerprint=$(sha256sum root-cert.pem | cut -d' ' -f1)

intermediate() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$1-ca-key.pem"
  openssl req -new -sha256 -key "$1-ca-key.pem" -subj "/O=Istio/CN=Intermediate CA/L=$1" -out "$1-ca.csr"
  openssl x509 -req -sha256 -days 365 -in "$1-ca.csr" -CA root-cert.pem -CAkey root-key.pem -CAcreateserial \
    -out "$1-ca-cert.pem" -extfile - <<EOF
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, digitalSignature, nonRepudiation, keyEncipherment, keyCertSign, cRLSign
subjectAltName = DNS:istiod.istio-system.svc
EOF
  cat "$1-ca-cert.pem" root-cert.pem >"$1-cert-chain.pem"
}

install() { # CLUSTER RELEASE CHART [OPTION…]
  local cluster=$1 release=$2 chart=$3
  shift 3
  # shellcheck disable=SC2046
  helm --kube-context "$cluster" -n istio-system install "$release" $(cat "$chart-chart") -f "$cluster-$chart.yaml" --wait --timeout 10m "$@"
}

mesh_of_several() { [ ${#clusters[@]} -gt 1 ]; }

for cluster in "${clusters[@]}"; do
  network=$(cat "$cluster-network")
  kubectl() { command kubectl --context "$cluster" "$@"; }

  intermediate "$cluster"
  kubectl create namespace istio-system
  kubectl label namespace istio-system "topology.istio.io/network=$network"
  kubectl -n istio-system create secret generic cacerts \
    --from-file=ca-cert.pem="$cluster-ca-cert.pem" --from-file=ca-key.pem="$cluster-ca-key.pem" \
    --from-file=cert-chain.pem="$cluster-cert-chain.pem" --from-file=root-cert.pem=root-cert.pem

  install "$cluster" istio-base base
  install "$cluster" istiod istiod --set-string "pilot.podAnnotations.weft\.dev/trust-bundle=$fingerprint"
  if mesh_of_several; then
    install "$cluster" istio-eastwestgateway gateway
    kubectl apply -f - <<'EOF'
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: cross-network-gateway, namespace: istio-system}
spec:
  selector: {istio: eastwestgateway}
  servers:
    - port: {number: 15443, name: tls, protocol: TLS}
      tls: {mode: AUTO_PASSTHROUGH}
      hosts: ["*.local"]
EOF
  fi
  kubectl apply -f - <<'EOF'
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
EOF
done
mesh_of_several || exit 0

# What `istioctl create-remote-secret` makes: a token of the reader, in a kubeconfig.
for cluster in "${clusters[@]}"; do
  kubectl() { command kubectl --context "$cluster" "$@"; }
  kubectl apply -f - <<'EOF'
apiVersion: v1
kind: Secret
metadata:
  name: weft-reader-token-1
  namespace: istio-system
  annotations: {kubernetes.io/service-account.name: istio-reader-service-account}
type: kubernetes.io/service-account-token
EOF
  kubectl -n istio-system wait --for=jsonpath='{.data.token}' secret/weft-reader-token-1 --timeout 60s
  token=$(kubectl -n istio-system get secret weft-reader-token-1 -o jsonpath='{.data.token}' | base64 -d)
  ca=$(kubectl -n istio-system get secret weft-reader-token-1 -o jsonpath='{.data.ca\.crt}')
  server=$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')
  (umask 077 && cat >"$cluster-reader" <<EOF
apiVersion: v1
kind: Config
clusters: [{name: $cluster, cluster: {server: "$server", certificate-authority-data: $ca}}]
users: [{name: $cluster, user: {token: $token}}]
contexts: [{name: $cluster, context: {cluster: $cluster, user: $cluster}}]
current-context: $cluster
EOF
  )
done

# One Secret with a key for each peer, as Weft has it: fewer calls than the N x (N-1) Secrets of the usual scripts.
for cluster in "${clusters[@]}"; do
  kubectl() { command kubectl --context "$cluster" "$@"; }
  peers=()
  for peer in "${clusters[@]}"; do
    [ "$peer" = "$cluster" ] || peers+=("--from-file=$peer=$peer-reader")
  done
  kubectl -n istio-system create secret generic weft-peers "${peers[@]}"
  kubectl -n istio-system label secret weft-peers istio/multiCluster=true
done
