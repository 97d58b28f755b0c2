package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
)

// kubelet answers what the API server asks of the node: port-forwards, with the kubelet's own code.
type kubelet struct{ *pods }

// serve listens on no port: whoever may use the socket of the egress may talk to it.
func (k kubelet) serve(ctx context.Context) error {
	// The API server does not ask who it is.
	certificate, key, err := cert.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	listener, err := listen(kubeletSocket)
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/portForward/{namespace}/{pod}", k.portForward)
	routes.HandleFunc("/portForward/{namespace}/{pod}/{uid}", k.portForward)
	return serve(ctx, tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}}), routes)
}

func (k kubelet) portForward(writer http.ResponseWriter, request *http.Request) {
	options, err := portforward.NewV4Options(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	name := request.PathValue("namespace") + "/" + request.PathValue("pod")
	portforward.ServePortForward(
		writer, request, k, name, request.PathValue("uid"), options, time.Hour, 30*time.Second, []string{portforward.ProtocolV1Name},
	)
}

// PortForward copies between a stream and a port of an istiod.
func (k kubelet) PortForward(_ context.Context, name, _ string, port int32, stream io.ReadWriteCloser) error {
	target := k.find(func(p *pod) bool { return p.object.Namespace+"/"+p.object.Name == name })
	if target == nil {
		return fmt.Errorf("pod %s runs nothing: only istiods run in a lab", name)
	}
	address, err := target.address(port)
	if err != nil {
		return err
	}
	upstream, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	join(stream, upstream)
	return nil
}
