# GStreamer's RTSP server with the streams that cameras are known to send. Prints "name url" for each, then serves until
# its standard input ends.
import sys
import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

Gst.init(None)
video = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 ! videoconvert ! "
x264 = "video/x-raw,format=I420 ! x264enc speed-preset=ultrafast bitrate=300 key-int-max=15 "
streams = {
    "audio": video + x264 + "tune=zerolatency ! rtph264pay name=pay0 pt=96 audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay1 pt=8",
    "tcp": video + x264 + "tune=zerolatency ! rtph264pay name=pay0 pt=96",
    "digest": video + x264 + "tune=zerolatency ! rtph264pay name=pay0 pt=96",
    "bframes": video + x264 + "bframes=2 b-adapt=false rc-lookahead=2 ! video/x-h264,profile=main ! rtph264pay name=pay0 pt=96",
    "inband": video + x264 + "tune=zerolatency ! rtph264pay config-interval=-1 pt=96 "
    "! capssetter name=pay0 replace=true caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=H264,payload=96",
    "h265": video + "video/x-raw,format=I420 ! x265enc speed-preset=ultrafast tune=zerolatency bitrate=300 key-int-max=15 ! h265parse ! rtph265pay name=pay0 pt=96",
    "mjpeg": video + "video/x-raw,format=I420 ! jpegenc ! rtpjpegpay name=pay0 pt=26",
}


def serve(login):
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    server.get_thread_pool().set_max_threads(-1)  # a stream that takes long to begin holds up nobody else
    if login:
        auth = GstRtspServer.RTSPAuth()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.add_digest("admin", "p@ss:w/rd", token)
        server.set_auth(auth)
    for name, launch in streams.items():
        if (name == "digest") != login:
            continue
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch("( " + launch + " )")
        factory.set_shared(False)  # each client has an encoder of its own, and waits for no other
        if name == "tcp":
            factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
        if login:
            may = GstRtspServer.RTSPPermissions()
            may.add_permission_for_role("viewer", "media.factory.access", True)
            may.add_permission_for_role("viewer", "media.factory.construct", True)
            factory.set_permissions(may)
        server.get_mount_points().add_factory("/" + name, factory)
    server.attach(None)
    for name in streams:
        if (name == "digest") == login:
            who = "admin:p%40ss%3Aw%2Frd@" if login else ""
            print(name, "rtsp://%s127.0.0.1:%d/%s" % (who, server.get_bound_port(), name), flush=True)
    return server


servers = [serve(False), serve(True)]
loop = GLib.MainLoop()
GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, lambda *_: loop.quit())
loop.run()
