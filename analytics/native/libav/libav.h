// A thin layer over libavcodec, libavformat and libswscale: one decoder, fed either unit by unit or from a file.
// Every call returns 0 or more on success and a negative AVERROR otherwise; nothing here keeps Go memory after it returns.
#ifndef COUNTERWATCH_LIBAV_H
#define COUNTERWATCH_LIBAV_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>

typedef struct {
    AVFormatContext *format; // files only
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame; // the last one received
    AVBufferRef *unit;         // memory of the unit to send
    struct SwsContext *scaler; // of pictures that are not I420
    int stream; // files only: the index of the video stream
} cw_decoder;

enum { CW_AGAIN = AVERROR(EAGAIN), CW_EOF = AVERROR_EOF, CW_INVALID = AVERROR_INVALIDDATA };

void cw_quiet(void);
int cw_open(cw_decoder **out, enum AVCodecID id);
int cw_open_file(cw_decoder **out, const char *path, const char *formats);
void cw_close(cw_decoder **d); // NULL afterwards; closing NULL does nothing

uint8_t *cw_unit(cw_decoder *d, int size); // memory to write a unit of a size into, until it is sent; NULL without memory
int cw_send(cw_decoder *d, int size, int64_t pts, enum AVDiscard skip, int glance);
int cw_send_end(cw_decoder *d);
int cw_read(cw_decoder *d); // the next packet of the video stream, sent to the decoder
int cw_receive(cw_decoder *d);
void cw_reset(cw_decoder *d);

int cw_damaged(const cw_decoder *d); // the frame was decoded from broken bits
int cw_planar(const cw_decoder *d);  // the frame is I420 already
int cw_full_range(const cw_decoder *d);
int cw_bt709(const cw_decoder *d);
int cw_copy(cw_decoder *d, uint8_t *pix, int stride); // the frame's planes as I420, one after the other

// A context scales I420 of one size, range and matrix to BGR24 of another size. It is used by one thread at a time.
struct SwsContext *cw_scaler(int w, int h, int to_w, int to_h, int full, int bt709);
int cw_scale(struct SwsContext *s, const uint8_t *y, const uint8_t *u, const uint8_t *v, int stride, int height, uint8_t *bgr, int to);

double cw_rate(const cw_decoder *d);     // frames per second, 0 unknown
double cw_duration(const cw_decoder *d); // seconds, 0 unknown
int64_t cw_frames(const cw_decoder *d);  // as the container says, 0 unknown
double cw_time(const cw_decoder *d);     // the frame's time in seconds; NaN unknown

#endif
