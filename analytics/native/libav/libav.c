#include "libav.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void cw_quiet(void) { av_log_set_level(AV_LOG_QUIET); }

static int open_codec(cw_decoder *d, const AVCodec *codec, const AVCodecParameters *par) {
    if (!codec)
        return AVERROR_DECODER_NOT_FOUND;
    d->codec = avcodec_alloc_context3(codec);
    d->packet = av_packet_alloc();
    d->frame = av_frame_alloc();
    if (!d->codec || !d->packet || !d->frame)
        return AVERROR(ENOMEM);
    int r = par ? avcodec_parameters_to_context(d->codec, par) : 0;
    if (r < 0)
        return r;
    d->codec->thread_count = 1;            // cameras share the cores, frames of one camera do not
    d->codec->max_pixels = 8192LL * 8192;  // a forged header must not ask for the whole memory
    return avcodec_open2(d->codec, codec, NULL);
}

int cw_open(cw_decoder **out, enum AVCodecID id) {
    cw_decoder *d = *out = calloc(1, sizeof *d);
    int r = d ? open_codec(d, avcodec_find_decoder(id), NULL) : AVERROR(ENOMEM);
    if (r < 0)
        cw_close(out);
    return r;
}

static int open_stream(cw_decoder *d) {
    int r = avformat_find_stream_info(d->format, NULL);
    if (r < 0)
        return r;
    const AVCodec *codec = NULL;
    r = av_find_best_stream(d->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (r < 0)
        return r;
    if (d->format->streams[r]->disposition & AV_DISPOSITION_ATTACHED_PIC)
        return AVERROR_STREAM_NOT_FOUND;
    d->stream = r;
    for (unsigned i = 0; i < d->format->nb_streams; i++)
        if ((int)i != d->stream)
            d->format->streams[i]->discard = AVDISCARD_ALL;
    AVStream *s = d->format->streams[d->stream];
    r = open_codec(d, codec, s->codecpar);
    if (r >= 0)
        d->codec->pkt_timebase = s->time_base;
    return r;
}

int cw_open_file(cw_decoder **out, const char *path, const char *formats) {
    cw_decoder *d = *out = calloc(1, sizeof *d);
    if (!d)
        return AVERROR(ENOMEM);
    AVDictionary *options = NULL;
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    av_dict_set(&options, "format_whitelist", formats, 0);
    int r = avformat_open_input(&d->format, path, NULL, &options);
    av_dict_free(&options);
    if (r >= 0)
        r = open_stream(d);
    if (r < 0)
        cw_close(out);
    return r;
}

void cw_close(cw_decoder **out) {
    cw_decoder *d = *out;
    if (!d)
        return;
    sws_freeContext(d->scaler);
    av_buffer_unref(&d->unit);
    av_frame_free(&d->frame);
    av_packet_free(&d->packet);
    avcodec_free_context(&d->codec);
    avformat_close_input(&d->format);
    free(d);
    *out = NULL;
}

uint8_t *cw_unit(cw_decoder *d, int size) {
    size_t need = (size_t)size + AV_INPUT_BUFFER_PADDING_SIZE;
    if (!d->unit || d->unit->size < need || !av_buffer_is_writable(d->unit)) {
        av_buffer_unref(&d->unit);
        if (!(d->unit = av_buffer_alloc(need + need / 2)))
            return NULL;
    }
    memset(d->unit->data + size, 0, AV_INPUT_BUFFER_PADDING_SIZE); // the decoders' bit readers run over
    return d->unit->data;
}

int cw_send(cw_decoder *d, int size, int64_t pts, enum AVDiscard skip, int glance) {
    // Nothing is shown of a picture that is only glanced at: its blocks may keep their edges.
    d->codec->skip_loop_filter = glance ? AVDISCARD_ALL : AVDISCARD_DEFAULT;
    d->codec->skip_frame = skip;
    if (!(d->packet->buf = av_buffer_ref(d->unit)))
        return AVERROR(ENOMEM);
    d->packet->data = d->unit->data;
    d->packet->size = size;
    d->packet->pts = pts;
    int r = avcodec_send_packet(d->codec, d->packet);
    av_packet_unref(d->packet);
    return r;
}

int cw_send_end(cw_decoder *d) { return avcodec_send_packet(d->codec, NULL); }

int cw_read(cw_decoder *d) {
    for (;;) {
        int r = av_read_frame(d->format, d->packet);
        if (r < 0)
            return r;
        if (d->packet->stream_index == d->stream && d->packet->size > 0) {
            r = avcodec_send_packet(d->codec, d->packet);
            av_packet_unref(d->packet);
            // A broken picture is skipped, as players do; only the container's end ends the file.
            return r == AVERROR_INVALIDDATA ? 1 : r;
        }
        av_packet_unref(d->packet);
    }
}

int cw_receive(cw_decoder *d) { return avcodec_receive_frame(d->codec, d->frame); }

void cw_reset(cw_decoder *d) { avcodec_flush_buffers(d->codec); }

int cw_damaged(const cw_decoder *d) {
    return d->frame->decode_error_flags != 0 || (d->frame->flags & AV_FRAME_FLAG_CORRUPT) != 0;
}

int cw_planar(const cw_decoder *d) {
    return d->frame->format == AV_PIX_FMT_YUV420P || d->frame->format == AV_PIX_FMT_YUVJ420P;
}

// The formats that are as wide as the eight bits of three planes of JPEG allow, whatever the frame says.
int cw_full_range(const cw_decoder *d) {
    switch (d->frame->format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P:
        return 1;
    }
    return d->frame->color_range == AVCOL_RANGE_JPEG;
}

// A stream that does not say is taken for BT.601, whatever its size, as swscale and so ffmpeg and OpenCV take it.
int cw_bt709(const cw_decoder *d) {
    switch (d->frame->colorspace) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_SMPTE240M: // the nearest to it
    case AVCOL_SPC_BT2020_NCL:
        return 1;
    default:
        return 0;
    }
}

static int through_scaler(cw_decoder *d, uint8_t *planes[4], int strides[4]) {
    const AVFrame *f = d->frame;
    struct SwsContext *s = sws_getCachedContext(d->scaler, f->width, f->height, f->format, f->width, f->height,
                                                AV_PIX_FMT_YUV420P, SWS_BILINEAR, NULL, NULL, NULL);
    if (!s) {
        d->scaler = NULL; // the cached one was freed
        return AVERROR(EINVAL);
    }
    d->scaler = s;
    const int *matrix = sws_getCoefficients(cw_bt709(d) ? SWS_CS_ITU709 : SWS_CS_ITU601);
    int full = cw_full_range(d);
    sws_setColorspaceDetails(s, matrix, full, matrix, full, 0, 1 << 16, 1 << 16);
    return sws_scale(s, (const uint8_t *const *)f->data, f->linesize, 0, f->height, planes, strides);
}

int cw_copy(cw_decoder *d, uint8_t *pix, int stride) {
    const AVFrame *f = d->frame;
    int half = (stride + 1) / 2, rows = (f->height + 1) / 2;
    uint8_t *planes[4] = {pix, pix + (size_t)stride * f->height, pix + (size_t)stride * f->height + (size_t)half * rows};
    int strides[4] = {stride, half, half};
    if (!cw_planar(d))
        return through_scaler(d, planes, strides);
    av_image_copy_plane(planes[0], stride, f->data[0], f->linesize[0], f->width, f->height);
    for (int i = 1; i < 3; i++)
        av_image_copy_plane(planes[i], half, f->data[i], f->linesize[i], (f->width + 1) / 2, rows);
    return 0;
}

struct SwsContext *cw_scaler(int w, int h, int to_w, int to_h, int full, int bt709) {
    // Without scaling, swscale has a fast way of its own, which the flags must not shut.
    int flags = w == to_w && h == to_h ? SWS_BILINEAR : SWS_AREA | SWS_ACCURATE_RND;
    struct SwsContext *s = sws_getContext(w, h, AV_PIX_FMT_YUV420P, to_w, to_h, AV_PIX_FMT_BGR24, flags, NULL, NULL, NULL);
    if (s) {
        const int *matrix = sws_getCoefficients(bt709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
        sws_setColorspaceDetails(s, matrix, full, matrix, 1, 0, 1 << 16, 1 << 16);
    }
    return s;
}

int cw_scale(struct SwsContext *s, const uint8_t *y, const uint8_t *u, const uint8_t *v, int stride, int height, uint8_t *bgr, int to) {
    const uint8_t *src[4] = {y, u, v};
    int strides[4] = {stride, (stride + 1) / 2, (stride + 1) / 2};
    uint8_t *dst[4] = {bgr};
    int rows[4] = {to};
    return sws_scale(s, src, strides, 0, height, dst, rows);
}

double cw_rate(const cw_decoder *d) {
    AVRational r = av_guess_frame_rate(d->format, d->format->streams[d->stream], NULL);
    return r.num > 0 && r.den > 0 ? av_q2d(r) : 0;
}

double cw_duration(const cw_decoder *d) {
    const AVStream *s = d->format->streams[d->stream];
    if (s->duration > 0)
        return s->duration * av_q2d(s->time_base);
    return d->format->duration > 0 ? d->format->duration / (double)AV_TIME_BASE : 0;
}

int64_t cw_frames(const cw_decoder *d) { return d->format->streams[d->stream]->nb_frames; }

double cw_time(const cw_decoder *d) {
    int64_t t = d->frame->best_effort_timestamp;
    return t == AV_NOPTS_VALUE ? NAN : t * av_q2d(d->format->streams[d->stream]->time_base);
}
